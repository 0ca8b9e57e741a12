/** What an event's `id:` field says, by the event contract: `<epoch>-<seq>`. */
export interface EventId {
  /** The pipeline run. Events with an open end (chat, workflow changes) have a separate epoch. */
  epoch: string;
  /** From 1. */
  seq: number;
}

/** A position in a run's log: the last event that a client has. `seq` 0 is before the first. */
export type LogPosition = EventId;

const EPOCH = /^[a-z0-9]+$/;
const EVENT_ID = /^([a-z0-9]+)-([1-9][0-9]*)$/;
/** Bounded, because a query carries it. */
const LOG_POSITION = /^([a-z0-9]{1,64})-(\d{1,15})$/;

/** Names a pipeline run: lower-case letters and digits. */
export const isEpoch = (value: unknown): value is string =>
  typeof value === "string" && EPOCH.test(value);

/**
 * Reads the id of an event that is no control event. Undefined: it names no run, so the history
 * records the event as a `stray`. Numbers start at 1, so `<epoch>-0` names no event: an instance
 * that keeps events gives it to `connected`, as the position before the first.
 *
 * @param id of this very event; undefined or empty when it has none
 */
export function readEventId(id: string | undefined): EventId | undefined {
  const [, epoch, digits] = EVENT_ID.exec(id ?? "") ?? [];
  const seq = Number(digits);
  return epoch !== undefined && Number.isSafeInteger(seq) ? { epoch, seq } : undefined;
}

/** Reads a position in the event log: an event id, or `<epoch>-0` for the start of the run. */
export function readLogPosition(value: unknown): LogPosition | undefined {
  const [, epoch, seq] = LOG_POSITION.exec(typeof value === "string" ? value : "") ?? [];
  return epoch !== undefined && seq !== undefined ? { epoch, seq: Number(seq) } : undefined;
}
