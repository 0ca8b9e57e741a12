/** Named waits: every wait says what it waits for, and its failure shows the last log lines of what it waited on. */
import { setTimeout as delay } from "node:timers/promises";
import type { LoggedProcess } from "./logged-process.ts";

export interface Wait {
  /** Completes "waiting for ...", e.g. `server-2 to be ready`. */
  name: string;
  timeoutMs: number;
  /** Between two looks at the condition. Default 50. */
  intervalMs?: number;
  /** True when met, else what was seen instead, for the error. What it throws counts as seen. */
  condition: (signal: AbortSignal) => Promise<true | string> | true | string;
  /** The processes waited on: when one of them exits, the wait fails at once. Their last log lines go into the error. */
  processes?: readonly LoggedProcess[];
  signal?: AbortSignal | undefined;
}

export class WaitError extends Error {
  override name = "WaitError";
  /** The wait's name. */
  readonly wait: string;
  constructor(wait: string, message: string) {
    super(message);
    this.wait = wait;
  }
}

const logLines = async (processes: readonly LoggedProcess[]): Promise<string> => {
  const tails = await Promise.all(
    processes.map(async (one) => {
      const tail = await one.logTail();
      return tail === "" ? `(${one.spec.name} wrote no log)` : `last log lines of ${one.spec.name}:\n${tail}`;
    }),
  );
  return tails.map((tail) => `\n${tail}`).join("");
};

const look = async (wait: Wait, deadline: AbortSignal): Promise<true | string> => {
  try {
    return await wait.condition(deadline);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message : String(cause);
  }
};

/**
 * Resolves as soon as the condition is met.
 *
 * @throws WaitError on time-out or when a process waited on exits; the signal's reason when it is aborted
 */
export const waitFor = async (wait: Wait): Promise<void> => {
  const processes = wait.processes ?? [];
  const deadline = AbortSignal.timeout(wait.timeoutMs);
  const either = wait.signal ? AbortSignal.any([deadline, wait.signal]) : deadline;
  let seen = "nothing";
  for (;;) {
    wait.signal?.throwIfAborted();
    const gone = processes.filter((one) => one.hasExited());
    if (gone.length > 0) {
      const names = gone.map((one) => one.spec.name).join(", ");
      throw new WaitError(
        wait.name,
        `waiting for ${wait.name}: ${names} exited meanwhile${await logLines(gone)}`,
      );
    }
    if (deadline.aborted) {
      const limit = `not within ${wait.timeoutMs} ms (last seen: ${seen})`;
      throw new WaitError(wait.name, `waiting for ${wait.name}: ${limit}${await logLines(processes)}`);
    }
    const result = await look(wait, either);
    if (result === true) return;
    // An aborted look says "aborted", which would hide what was last seen.
    if (!either.aborted) seen = result;
    await delay(wait.intervalMs ?? 50, undefined, { signal: either }).catch(() => undefined);
  }
};
