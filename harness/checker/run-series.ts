/**
 * What a run looked like over time: the checker's material for charts. Not part of summary.json,
 * because every figure is there already, and a hundred points a run would bury them.
 */
import type { Cause } from "../history/observation.ts";

export interface RunSeries {
  topology: string;
  bounce: string;
  repeat: number;
  /** Length of one step, milliseconds. Step i of a list covers [i, i + 1) steps of the load. */
  stepMs: number;
  /** From the start of the load, milliseconds. Null if the history does not say. */
  measuredMs: number | null;
  drainStartedMs: number | null;
  /** Events that the ledgers have. */
  published: number[];
  /** Events that clients read, replayed and repeated ones too. */
  received: number[];
  /** Open streams at the end of each step. */
  open: number[];
  /** Attempts to connect again, by the time of sending. */
  attempts: number[];
  /** Streams that ended without their client's will. */
  cuts: number[];
  /** Lost events by the time of publication; causes without a loss are left out. */
  lost: Partial<Record<Cause, number[]>>;
  /**
   * Delivery of the measured phase: milliseconds at rising shares of the delivered events, as far
   * as their number allows. Empty without any.
   */
  delivery: { share: number; ms: number }[];
}
