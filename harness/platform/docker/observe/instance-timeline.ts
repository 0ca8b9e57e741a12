/** Turns container events of the engine into instance states of the history. */
import type { InstanceObservation } from "../../../history/observation.ts";
import type { ContainerEvent } from "./watch-containers.ts";

export interface TimelineListeners {
  onInstance: (instance: string, state: InstanceObservation["state"], atMs: number) => void;
  onComponentExit: (component: string, atMs: number) => void;
  onStep: (step: string) => void;
}

interface Incarnation {
  id: string;
  /** It got SIGTERM, upon which a server reports that it is not ready. */
  isTerminated: boolean;
  isKilled: boolean;
}

export interface InstanceTimeline {
  onEvent(event: ContainerEvent): void;
  /** Called at each start of an instance. */
  onStarted: ((instance: string, container: string) => void) | undefined;
  /** Called at each exit of an instance, and at each unexpected exit of another component. */
  onEnded: ((component: string, exitCode: number | undefined) => void) | undefined;
  /** The next exit of this component, which is no instance, is not reported. */
  expectEnd(component: string): void;
}

/**
 * - `not-ready`: the engine sent SIGTERM. The server is not ready from then on.
 * - `stopped`: it exited within the grace. `killed`: by SIGKILL, out of memory, or by itself.
 *
 * The engine does not know `ready`: see `ready-instances.ts`.
 */
export const instanceTimeline = ({
  onInstance,
  onComponentExit,
  onStep,
}: TimelineListeners): InstanceTimeline => {
  const running = new Map<string, Incarnation>();
  const expected = new Set<string>();
  const SIGKILLED = 137;

  const onServer = (
    { component, id, action, exitCode, atMs }: ContainerEvent,
    timeline: InstanceTimeline,
  ): void => {
    let now = running.get(component);
    if (!now && (action === "term" || action === "kill")) {
      // It started before the watch began: another command brought it up.
      now = { id, isTerminated: false, isKilled: false };
      running.set(component, now);
    }
    switch (action) {
      case "start":
        running.set(component, { id, isTerminated: false, isKilled: false });
        onInstance(component, "started", atMs);
        timeline.onStarted?.(component, id);
        return;
      case "term":
        if (now && !now.isTerminated) onInstance(component, "not-ready", atMs);
        if (now) now.isTerminated = true;
        return;
      case "kill":
        if (now) now.isKilled = true;
        return;
      case "oom":
        onStep(`${component} is out of memory: the kernel ends it`);
        return;
      case "die": {
        running.delete(component);
        const isOrderly = now?.isTerminated === true && !now.isKilled && exitCode !== SIGKILLED;
        if (!now?.isTerminated && !now?.isKilled)
          onStep(`${component} exited by itself (code ${exitCode ?? "unknown"})`);
        onInstance(component, isOrderly ? "stopped" : "killed", atMs);
        timeline.onEnded?.(component, exitCode);
        return;
      }
      case "healthy":
        return;
    }
  };

  const timeline: InstanceTimeline = {
    onStarted: undefined,
    onEnded: undefined,
    expectEnd: (component) => void expected.add(component),
    onEvent: (event) => {
      if (event.role === "server") onServer(event, timeline);
      else if (event.action === "die" && !expected.delete(event.component)) {
        onStep(`${event.component} exited by itself (code ${event.exitCode ?? "unknown"})`);
        onComponentExit(event.component, event.atMs);
        timeline.onEnded?.(event.component, event.exitCode);
      }
    },
  };
  return timeline;
};
