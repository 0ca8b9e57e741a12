/** Kills and starts the Realtime of a stack. */
import type Dockerode from "dockerode";
import type { RealtimeControl } from "../../platform.ts";
import { answersOk } from "../../readiness.ts";
import { waitFor } from "../../../../common/wait-for.ts";
import { controlContainer } from "./container-control.ts";
import { lastLogLines } from "./container-log.ts";
import { serialize } from "../../../../common/serialize.ts";
import type { InstanceTimeline } from "../observe/instance-timeline.ts";
import type { OwnRealtime } from "../stack-layout.ts";

export interface ControlledRealtime {
  docker: Dockerode;
  realtime: OwnRealtime;
  timeline: Pick<InstanceTimeline, "expectEnd">;
  onStep: (step: string) => void;
  signal: AbortSignal;
}

/** Supabase's server migrates and seeds first. The stack allows as much (`infra/components`). */
const READY_TIMEOUT_MS = 180_000;

export const controlRealtime = (given: ControlledRealtime): RealtimeControl => {
  const { docker, realtime, timeline, onStep, signal } = given;
  const { name, container, healthUrl } = realtime;
  const control = controlContainer({
    docker,
    component: name,
    container,
    remedy: "sse-lab down, then bring the topology up again",
    signal,
  });
  /** Checks the container's health too, because Supabase's server answers while it still seeds. */
  const isHealthy = async (within: AbortSignal): Promise<true | string> => {
    const { State } = await docker.getContainer(container).inspect();
    if (!State.Running) throw new Error(`it exited (code ${State.ExitCode})`);
    if (State.Health?.Status !== "healthy")
      return `its health check says ${State.Health?.Status ?? "nothing"}`;
    return answersOk(healthUrl)(within);
  };
  const start = async (): Promise<void> => {
    if (await control.isRunning()) return;
    onStep(`starting ${name}`);
    await control.start();
    try {
      await waitFor({
        name: `${name} to be healthy at ${healthUrl}`,
        timeoutMs: READY_TIMEOUT_MS,
        condition: isHealthy,
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
  };
};
