/** Kills and starts a process of a deployment that is no instance; reports an unexpected exit. */
import { serialize } from "../../../../common/serialize.ts";
import { nothingToKill } from "../../bounce-errors.ts";
import type { ComponentControl, DeploymentListeners } from "../../platform.ts";
import { killProcess, type LoggedProcess, type ProcessSpec } from "../processes/logged-process.ts";
import type { ProcessTable } from "../processes/process-table.ts";

export interface ControlledComponent extends DeploymentListeners {
  spec: ProcessSpec;
  processes: ProcessTable;
  /** Resolves when the process can be used. */
  untilReady: (started: LoggedProcess, signal: AbortSignal | undefined) => Promise<void>;
}

export const controlComponent = (given: ControlledComponent): ComponentControl => {
  const { spec, processes, signal } = given;
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
    await given.untilReady(started, signal);
  };
  return { kill: () => inOrder(kill), start: () => inOrder(start) };
};
