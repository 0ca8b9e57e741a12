/** Kills and starts the Realtime process of a deployment, and reports an unexpected exit. */
import { serialize } from "../../../../common/serialize.ts";
import { waitFor } from "../../../../common/wait-for.ts";
import { nothingToKill } from "../../bounce-errors.ts";
import type { DeploymentListeners, RealtimeControl } from "../../platform.ts";
import { answersOk } from "../../readiness.ts";
import { killProcess, type LoggedProcess, type ProcessSpec } from "../processes/logged-process.ts";
import type { ProcessTable } from "../processes/process-table.ts";

export interface ControlledRealtime extends DeploymentListeners {
  spec: ProcessSpec;
  /** Answers 200 once it accepts connections. */
  healthUrl: string;
  processes: ProcessTable;
}

const READY_TIMEOUT_MS = 20_000;

export const controlRealtime = (given: ControlledRealtime): RealtimeControl => {
  const { spec, healthUrl, processes, signal } = given;
  const expected = new WeakSet<LoggedProcess>();
  const watch = (started: LoggedProcess): void =>
    processes.watch(started, given, () => expected.has(started));
  /** A start never overtakes a kill. */
  const inOrder = serialize();
  const running = processes.running(spec.name);
  if (running) watch(running);

  const kill = async (): Promise<void> => {
    const found = processes.running(spec.name);
    if (!found) throw new Error(nothingToKill(spec.name));
    expected.add(found);
    await killProcess(found);
  };
  const start = async (): Promise<void> => {
    if (processes.running(spec.name)) return;
    given.onStep?.(`starting ${spec.name}`);
    const started = await processes.start(spec);
    watch(started);
    await waitFor({
      name: `${spec.name} to be healthy at ${healthUrl}`,
      timeoutMs: READY_TIMEOUT_MS,
      condition: answersOk(healthUrl),
      processes: [started],
      signal,
    });
  };
  return { kill: () => inOrder(kill), start: () => inOrder(start) };
};
