/** Turns what the engine tells of containers into what the history calls it. */
import type { InstanceObservation } from "../../../history/observation.ts";
import type { ContainerEvent } from "./watch-containers.ts";

export interface TimelineListeners {
  onInstance: (instance: string, state: InstanceObservation["state"], atMs: number) => void;
  onComponentExit: (part: string, atMs: number) => void;
  onStep: (step: string) => void;
}

interface Incarnation {
  id: string;
  /** Readiness is false from its SIGTERM on: the server stops taking traffic first of all. */
  isTold: boolean;
  isKilled: boolean;
}

export interface InstanceTimeline {
  onEvent(event: ContainerEvent): void;
  /** Called with each start of an instance's container; replaces what was set before. */
  onStarted: ((instance: string, container: string) => void) | undefined;
  /** Called with each end, of other parts as well where nobody had asked for it. */
  onEnded: ((part: string, exitCode: number | undefined) => void) | undefined;
  /** The next end of this part, no instance, is asked for: nothing is told of it. */
  expectEnd(part: string): void;
}

/**
 * - `not-ready`: the engine sent SIGTERM, upon which readiness is false at once.
 * - `stopped`: it ended in its own time after a SIGTERM. `killed`: by SIGKILL, for want of memory, or by itself.
 * `ready` is not the engine's to tell: see `ready-instances.ts`.
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
    { part, id, action, exitCode, atMs }: ContainerEvent,
    timeline: InstanceTimeline,
  ): void => {
    let now = running.get(part);
    if (!now && (action === "term" || action === "kill")) {
      // It ran before this was watched: a stack of another command.
      now = { id, isTold: false, isKilled: false };
      running.set(part, now);
    }
    switch (action) {
      case "start":
        running.set(part, { id, isTold: false, isKilled: false });
        onInstance(part, "started", atMs);
        timeline.onStarted?.(part, id);
        return;
      case "term":
        if (now && !now.isTold) onInstance(part, "not-ready", atMs);
        if (now) now.isTold = true;
        return;
      case "kill":
        if (now) now.isKilled = true;
        return;
      case "oom":
        onStep(`${part} is out of memory: the kernel ends it`);
        return;
      case "die": {
        running.delete(part);
        const isOrderly = now?.isTold === true && !now.isKilled && exitCode !== SIGKILLED;
        if (!now?.isTold && !now?.isKilled)
          onStep(`${part} exited by itself (code ${exitCode ?? "unknown"})`);
        onInstance(part, isOrderly ? "stopped" : "killed", atMs);
        timeline.onEnded?.(part, exitCode);
        return;
      }
      case "healthy":
        return;
    }
  };

  const timeline: InstanceTimeline = {
    onStarted: undefined,
    onEnded: undefined,
    expectEnd: (part) => void expected.add(part),
    onEvent: (event) => {
      if (event.role === "server") onServer(event, timeline);
      else if (event.action === "die" && !expected.delete(event.part)) {
        onStep(`${event.part} exited by itself (code ${event.exitCode ?? "unknown"})`);
        onComponentExit(event.part, event.atMs);
        timeline.onEnded?.(event.part, event.exitCode);
      }
    },
  };
  return timeline;
};
