/** Kills, freezes and starts the container of a component that is no instance. */
import type Dockerode from "dockerode";
import type { ComponentControl, Pausable } from "../../platform.ts";
import { waitFor } from "../../../../common/wait-for.ts";
import { controlContainer } from "./container-control.ts";
import { lastLogLines } from "./container-log.ts";
import { serialize } from "../../../../common/serialize.ts";
import type { InstanceTimeline } from "../observe/instance-timeline.ts";

export interface ControlledComponent {
  docker: Dockerode;
  /** As the history names it. */
  name: string;
  /** Name of the container. */
  container: string;
  /** What `isReady` asks, for errors. */
  readyWhen: string;
  /** Asked while the container runs. True, or what is missing. */
  isReady: (within: AbortSignal) => Promise<true | string>;
  timeoutMs: number;
  timeline: Pick<InstanceTimeline, "expectEnd">;
  onStep: (step: string) => void;
  signal: AbortSignal;
}

export const controlComponent = (given: ControlledComponent): ComponentControl & Pausable => {
  const { docker, name, container, timeline, onStep, signal } = given;
  const control = controlContainer({
    docker,
    component: name,
    container,
    remedy: "sse-lab down, then bring the topology up again",
    signal,
  });
  const isReady = async (within: AbortSignal): Promise<true | string> => {
    const { State } = await docker.getContainer(container).inspect();
    if (!State.Running) throw new Error(`it exited (code ${State.ExitCode})`);
    // Supabase's server answers while it still seeds. Other images have no health check.
    if (State.Health !== undefined && State.Health.Status !== "healthy")
      return `its health check says ${State.Health.Status}`;
    return given.isReady(within);
  };
  const start = async (): Promise<void> => {
    if (await control.isRunning()) return;
    onStep(`starting ${name}`);
    await control.start();
    try {
      await waitFor({
        name: `${name} ${given.readyWhen}`,
        timeoutMs: given.timeoutMs,
        condition: isReady,
        signal,
      });
    } catch (error) {
      if (error instanceof Error) error.message += await lastLogLines(docker, container);
      throw error;
    }
  };
  const inOrder = serialize(signal);
  return {
    kill: () => inOrder(() => control.kill(() => timeline.expectEnd(name))),
    start: () => inOrder(start),
    pause: () => inOrder(() => control.pause()),
    resume: () => control.resume(),
  };
};
