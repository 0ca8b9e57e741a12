/**
 * Named waits: every wait says what it waits for, and its failure shows the last log lines of what
 * it waited on.
 */
import { setTimeout as delay } from "node:timers/promises";
import { UserError } from "./user-error.ts";

/** A process that a wait depends on. */
export interface WaitedOnProcess {
  spec: { name: string };
  hasExited(): boolean;
  /** The last lines that it wrote. */
  logTail(): Promise<string>;
}

export interface Wait {
  /** Completes "waiting for ...", e.g. `server-2 to be ready`. */
  name: string;
  timeoutMs: number;
  /** Between two looks at the condition. Default 50. */
  intervalMs?: number;
  /** True when met, else what was seen instead, for the error. What it throws counts as seen. */
  condition: (signal: AbortSignal) => Promise<true | string> | true | string;
  /**
   * The processes waited on: when one of them exits, the wait fails at once. Their last log lines
   * go into the error.
   */
  processes?: readonly WaitedOnProcess[];
  signal?: AbortSignal | undefined;
}

const logLines = async (processes: readonly WaitedOnProcess[]): Promise<string> => {
  const tails = await Promise.all(
    processes.map(async (one) => {
      const tail = await one.logTail();
      return tail === ""
        ? `(${one.spec.name} wrote no log)`
        : `last log lines of ${one.spec.name}:\n${tail}`;
    }),
  );
  return tails.map((tail) => `\n${tail}`).join("");
};

/**
 * A single look may not use up the whole wait: a connection that is accepted and never answered
 * would.
 */
const LOOK_MS = 2000;

/**
 * Looks once. Given up as soon as one of the processes exits: somebody else may sit on its port and
 * never answer.
 */
const look = async (
  wait: Wait,
  within: AbortSignal,
  intervalMs: number,
): Promise<true | string> => {
  const exit = new AbortController();
  const watch = setInterval(() => {
    if (wait.processes?.some((one) => one.hasExited())) exit.abort(new Error("a process exited"));
  }, intervalMs);
  // Not AbortSignal.timeout: inside AbortSignal.any, Node.js 20 lets it be collected unfired.
  const limit = setTimeout(() => {
    exit.abort(new Error(`no answer within ${LOOK_MS / 1000} s`));
  }, LOOK_MS);
  try {
    return await wait.condition(AbortSignal.any([within, exit.signal]));
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message : String(cause);
  } finally {
    clearTimeout(limit);
    clearInterval(watch);
  }
};

/**
 * Resolves as soon as the condition is met and all processes still run.
 *
 * @throws UserError on time-out or when a process waited on exits; the signal's reason when it is
 *   aborted
 */
export const waitFor = async (wait: Wait): Promise<void> => {
  const { processes = [], intervalMs = 50 } = wait;
  const deadline = AbortSignal.timeout(wait.timeoutMs);
  const either = wait.signal ? AbortSignal.any([deadline, wait.signal]) : deadline;
  let seen = "nothing";
  for (;;) {
    wait.signal?.throwIfAborted();
    const result = await look(wait, either, intervalMs);
    wait.signal?.throwIfAborted();
    // After the look: what answered may have been another program on the port of a process that
    // could not have it.
    const gone = processes.filter((one) => one.hasExited());
    if (gone.length > 0) {
      const names = gone.map((one) => one.spec.name).join(", ");
      const message = `waiting for ${wait.name}: ${names} exited meanwhile${await logLines(gone)}`;
      throw new UserError(message);
    }
    if (result === true) return;
    // A look that was cut off by the deadline says so, which would hide what was last seen.
    if (!either.aborted) seen = result;
    if (deadline.aborted) {
      const limit = `not within ${wait.timeoutMs} ms (last seen: ${seen})`;
      throw new UserError(`waiting for ${wait.name}: ${limit}${await logLines(processes)}`);
    }
    await delay(intervalMs, undefined, { signal: either }).catch(() => undefined);
  }
};
