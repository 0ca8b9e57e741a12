import type { Cause } from "../../history/observation.ts";
import type { Outcome } from "./outcome.ts";

/** One due pair, judged. */
export interface JudgedPair {
  /** The plan's name of the session. */
  session: string;
  /** Empty for a session of which no epoch is known. */
  epoch: string;
  seq: number;
  /** False: published beyond the plan. */
  planned: boolean;
  outcome: Outcome;
  /** Null unless lost. */
  cause: Cause | null;
  /** Null if no ledger records it. */
  publishedMs: number | null;
  /** Null if it did not arrive. */
  receivedMs: number | null;
}

export type OnPair = (pair: JudgedPair) => void;
