import { valueAt } from "../records/numeric-column.ts";
import type { Connection } from "../records/session-record.ts";

/** A failed attempt to open a stream. */
export interface Attempt {
  quota?: boolean;
  atMs: number;
}

/**
 * A session's streams and failed attempts in order of time, found by bisection: a long outage has
 * thousands of losses and attempts.
 */
export class Streams {
  /** By start. */
  readonly all: readonly Connection[];
  readonly #startsMs: readonly number[];
  /** The latest end of each stream and those before it. */
  readonly #latestEndsMs: readonly number[];
  /** Times of failed attempts, rising; `#refused`: a limit refused all of that time. */
  readonly #attemptsMs: number[] = [];
  readonly #refused: boolean[] = [];

  constructor(connections: readonly Connection[], attempts: readonly Attempt[]) {
    this.all = connections;
    this.#startsMs = connections.map(({ subscribedMs }) => subscribedMs);
    let latestMs = -Infinity;
    this.#latestEndsMs = connections.map(({ endedMs }) => (latestMs = Math.max(latestMs, endedMs)));
    for (const { atMs, quota } of [...attempts].sort((a, b) => a.atMs - b.atMs)) {
      const last = this.#attemptsMs.length - 1;
      if (this.#attemptsMs[last] === atMs)
        this.#refused[last] = this.#refused[last] === true && quota === true;
      else {
        this.#attemptsMs.push(atMs);
        this.#refused.push(quota === true);
      }
    }
  }

  /** The stream that was subscribed at that time, as far as the client knew. */
  at(atMs: number): Connection | undefined {
    for (let index = countUpTo(this.#startsMs, atMs) - 1; index >= 0; index--) {
      if (valueAt(this.#latestEndsMs, index) <= atMs) return undefined;
      const connection = this.all[index];
      if (connection !== undefined && connection.endedMs > atMs) return connection;
    }
    return undefined;
  }

  /** The last stream that began by that time. */
  before(atMs: number): Connection | undefined {
    return this.all[countUpTo(this.#startsMs, atMs) - 1];
  }

  /** The first stream that began after that time. */
  after(atMs: number): Connection | undefined {
    return this.all[countUpTo(this.#startsMs, atMs)];
  }

  /**
   * True if a limit refused the last attempt within [fromMs, toMs]. If several failed at once, a
   * limit must have refused all.
   */
  lastRefusedByLimit(fromMs: number, toMs: number): boolean {
    const last = countUpTo(this.#attemptsMs, toMs) - 1;
    return last >= 0 && valueAt(this.#attemptsMs, last) >= fromMs && this.#refused[last] === true;
  }
}

/** How many of the rising times are at most `atMs`. */
function countUpTo(timesMs: readonly number[], atMs: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (valueAt(timesMs, middle) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
