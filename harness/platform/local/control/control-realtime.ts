/** Kills and starts the part of a deployment that clients subscribe to directly, and tells of its end when nobody asked for it. */
import { nothingToKill } from "../../bounce-errors.ts";
import type { RealtimeComponent } from "../../platform.ts";
import type { LoggedProcess, ProcessSpec } from "../processes/logged-process.ts";
import type { ProcessTable } from "../processes/process-table.ts";
import { serialize } from "../../../../common/serialize.ts";
import { waitFor } from "../../../../common/wait-for.ts";
import { watchComponent, type ExitListeners } from "../processes/watch-component.ts";

export interface ControlledRealtime {
  spec: ProcessSpec;
  /** Answers 200 once it takes connections. */
  healthUrl: string;
  processes: ProcessTable;
  news: ExitListeners;
  signal: AbortSignal;
}

export type RealtimeControl = NonNullable<RealtimeComponent["control"]>;

const READY_TIMEOUT_MS = 20_000;
const KILL_TIMEOUT_MS = 5_000;

export const controlRealtime = (given: ControlledRealtime): RealtimeControl => {
  const { spec, healthUrl, processes, news, signal } = given;
  /** Processes whose end was asked for. */
  const expected = new WeakSet<LoggedProcess>();
  const watch = (part: LoggedProcess): void =>
    watchComponent(part, processes, news, () => expected.has(part));
  /** A start never overtakes a kill. */
  const inOrder = serialize();
  const running = (): LoggedProcess | undefined => {
    const found = processes.get(spec.name);
    return found && !found.hasExited() ? found : undefined;
  };
  const found = running();
  if (found) watch(found);

  return {
    kill: () =>
      inOrder(async () => {
        const part = running();
        if (!part) throw new Error(nothingToKill(spec.name));
        expected.add(part);
        part.signal("SIGKILL");
        await waitFor({
          name: `${spec.name} to be gone after SIGKILL`,
          timeoutMs: KILL_TIMEOUT_MS,
          intervalMs: 10,
          condition: () => part.hasExited() || "it still runs",
        });
      }),
    start: () =>
      inOrder(async () => {
        if (running()) return;
        news.onStep(`starting ${spec.name}`);
        const part = await processes.start(spec);
        watch(part);
        await waitFor({
          name: `${spec.name} to be healthy at ${healthUrl}`,
          timeoutMs: READY_TIMEOUT_MS,
          condition: async (within) => {
            const answer = await fetch(healthUrl, { signal: within, headers: { connection: "close" } });
            await answer.body?.cancel();
            return answer.status === 200 || `it answered ${answer.status}`;
          },
          processes: [part],
          signal,
        });
      }),
  };
};
