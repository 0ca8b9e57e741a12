/** What an event's `id:` field says, by the event contract: `<epoch>-<seq>`. */
export interface EventId {
  /** The pipeline run; of events with an open end (chat, workflow changes) an epoch of their own. */
  epoch: string;
  /** From 1. */
  seq: number;
}

const EVENT_ID = /^([a-z0-9]+)-([1-9][0-9]*)$/;

/**
 * Reads the id of an event that is no control event. Undefined: it has none of a run, so it is a `stray` to the history. Numbers are
 * 1-based, with an open end too, so `<epoch>-0` names no event: an instance that keeps events gives it to `connected`, as the
 * position before the first. Without anything of Node, since the k6 scripts decide by it too.
 * @param id of this very event; undefined or empty when it has none
 */
export function readEventId(id: string | undefined): EventId | undefined {
  const [, epoch, digits] = EVENT_ID.exec(id ?? "") ?? [];
  const seq = Number(digits);
  return epoch !== undefined && Number.isSafeInteger(seq) ? { epoch, seq } : undefined;
}
