import { benchScale } from "../../../common/bench-scale.ts";

/** How much the bench does. */
export interface BenchSize {
  busy: { streams: number; eventsPerSecond: number; measureMs: number };
  /** Idle streams. The engine's control requests take time, so it gets fewer. */
  idle: { transport: number; engine: number };
  /**
   * Other load on the host can only add to a figure of CPU time, so the smallest of this many
   * counts.
   */
  rounds: number;
}

const FULL: BenchSize = {
  busy: { streams: 1_000, eventsPerSecond: 20_000, measureMs: 1_000 },
  idle: { transport: 15_000, engine: 5_000 },
  rounds: 2,
};

/**
 * @param scale `BENCH_SCALE`, a share of the full size above 0 and up to 1; undefined: the full
 *   size
 * @throws Error when it is no such number
 */
export function benchSize(scale: string | undefined): BenchSize {
  const share = benchScale(scale);
  const { busy, idle, rounds } = FULL;
  const part = (amount: number, least: number): number =>
    Math.max(least, Math.round(amount * share));
  return {
    busy: {
      streams: part(busy.streams, 10),
      eventsPerSecond: part(busy.eventsPerSecond, 200),
      measureMs: part(busy.measureMs, 100),
    },
    idle: { transport: part(idle.transport, 10), engine: part(idle.engine, 10) },
    rounds: part(rounds, 1),
  };
}
