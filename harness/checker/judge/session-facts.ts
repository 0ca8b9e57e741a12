import type { Connection, SessionRecord } from "../records/session-record.ts";
import type { DueWindow } from "./due-pairs.ts";
import type { Streams } from "./streams.ts";

/** What all epochs of a session share. */
export interface SessionFacts {
  session: SessionRecord;
  streams: Streams;
  byNumber: ReadonlyMap<number, Connection>;
  window: DueWindow;
  /** True if a limit of the broker refused the session's first stream. */
  delayedByLimit: boolean;
  /** True if the session was cut, and the drain ended before it had to be back. */
  mayComeBack: boolean;
  /** True if events still arrived when the drain ended. Only without a ledger. */
  stillReceiving: boolean;
}
