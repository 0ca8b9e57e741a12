import type {
  DroppedObservation,
  PipelineObservation,
  PublishedObservation,
  ReceivedObservation,
} from "../../history/observation.ts";
import { sortedIndices, valueAt, type NumericColumn } from "./numeric-column.ts";

export const ROUTES = [
  "local",
  "broker",
  "fallback",
] as const satisfies readonly PublishedObservation["route"][];
export type Route = (typeof ROUTES)[number];
export type DropReason = DroppedObservation["reason"];

/** In a column of `sentMs` or `publishedMs`: the event carries none. No clock time is below 0. */
export const NOT_SAID = -1;

/**
 * Everything about one epoch (one pipeline run) of one session. `source`: the instance's id * 3 +
 * the route's index.
 */
export interface EpochRecord {
  epoch: string;
  published: {
    seq: NumericColumn;
    atMs: NumericColumn;
    intendedMs: NumericColumn;
    source: NumericColumn;
  };
  /** `sentMs`, `publishedMs`: null until an event carries it. */
  received: {
    seq: NumericColumn;
    atMs: NumericColumn;
    connection: NumericColumn;
    sentMs: NumericColumn | null;
    publishedMs: NumericColumn | null;
  };
  /** The highest total that an event states, or 0. Only without a ledger. */
  statedTotal: number;
  pipelines: PipelineObservation[];
  dropped: DroppedObservation[];
}

export const createEpochRecord = (epoch: string): EpochRecord => ({
  epoch,
  published: { seq: [], atMs: [], intendedMs: [], source: [] },
  received: { seq: [], atMs: [], connection: [], sentMs: null, publishedMs: null },
  statedTotal: 0,
  pipelines: [],
  dropped: [],
});

export const sourceOf = (instanceId: number, route: Route): number =>
  instanceId * ROUTES.length + ROUTES.indexOf(route);
export const instanceIdOf = (source: number): number => Math.floor(source / ROUTES.length);
export const routeOf = (source: number): Route => ROUTES[source % ROUTES.length] as Route;

/** Adds a receipt. */
export function receive(
  epoch: EpochRecord,
  { seq, atMs, connection, sentMs, publishedMs, total = 0 }: ReceivedObservation,
): void {
  const { received } = epoch;
  epoch.statedTotal = Math.max(epoch.statedTotal, total);
  if (publishedMs !== undefined)
    received.publishedMs =
      received.publishedMs ?? new Array<number>(received.seq.length).fill(NOT_SAID);
  received.publishedMs?.push(publishedMs ?? NOT_SAID);
  if (sentMs !== undefined)
    received.sentMs = received.sentMs ?? new Array<number>(received.seq.length).fill(NOT_SAID);
  received.sentMs?.push(sentMs ?? NOT_SAID);
  received.seq.push(seq);
  received.atMs.push(atMs);
  received.connection.push(connection);
}

/** When a receipt's event was handed to the broker; null if the event does not carry it. */
export function sentMsOf({ received }: EpochRecord, receipt: number): number | null {
  const sentMs = received.sentMs?.[receipt] ?? NOT_SAID;
  return sentMs < 0 ? null : sentMs;
}

/** The publish time that a receipt's event states; null if it states none. */
export function publishedMsOf({ received }: EpochRecord, receipt: number): number | null {
  const publishedMs = received.publishedMs?.[receipt] ?? NOT_SAID;
  return publishedMs < 0 ? null : publishedMs;
}

/** Why the publisher dropped each event, by number. A limit outweighs other reasons. */
export function dropsByNumber({ dropped }: EpochRecord): ReadonlyMap<number, DropReason> {
  const drops = new Map<number, DropReason>();
  for (const { seq, reason } of dropped) {
    // The instance that took the pipeline over publishes the event itself.
    if (reason === "fenced") continue;
    const other = drops.get(seq);
    if (other === undefined || DROP_ORDER[reason] < DROP_ORDER[other]) drops.set(seq, reason);
  }
  return drops;
}

const DROP_ORDER = { quota: 0, outage: 1, refused: 2, fenced: 3 } as const;

/**
 * The records that begin the run. Its store may hold a run that its first owner could not begin,
 * because the store's answer was late. Then the owner that resumes it first begins it.
 */
export function startsOf({
  pipelines,
}: Pick<EpochRecord, "pipelines">): readonly PipelineObservation[] {
  const starts = pipelines.filter(({ state }) => state === "started");
  if (starts.length > 0) return starts;
  const resumed = pipelines.filter(({ state }) => state === "resumed");
  return resumed.sort((a, b) => a.atMs - b.atMs).slice(0, 1);
}

/** More than one if a start was retried elsewhere after a lost answer. */
export const instancesThatStarted = (epoch: EpochRecord): ReadonlySet<string> =>
  new Set(startsOf(epoch).map(({ instance }) => instance));

/** The highest number that each connection brought. */
export function highestByConnection({ received }: EpochRecord): ReadonlyMap<number, number> {
  const highest = new Map<number, number>();
  received.seq.forEach((seq, index) => {
    const connection = valueAt(received.connection, index);
    if (seq > (highest.get(connection) ?? 0)) highest.set(connection, seq);
  });
  return highest;
}

/**
 * Called once for each number of the epoch that was planned, published or received, in rising
 * order.
 * @param published index of its first publication, or -1
 * @param received index of its first receipt, or -1
 * @param receipts how often it was received
 * @param onStream how often it came again on a stream that had brought it
 */
export type PairVisitor = (
  seq: number,
  published: number,
  received: number,
  receipts: number,
  onStream: number,
) => void;

/** Joins what was planned (1 to `plannedEvents`), published and received of one epoch by number. */
export function joinPairs(
  { epoch, published, received }: EpochRecord,
  plannedEvents: number,
  visit: PairVisitor,
): void {
  // Ties are broken by every field, so that the order of records in the history cannot show in the
  // result.
  const publications = sortedIndices(
    published.seq.length,
    byFields(published.seq, published.atMs, published.source, published.intendedMs),
  );
  const receipts = sortedIndices(
    received.seq.length,
    byFields(
      received.seq,
      received.atMs,
      received.connection,
      ...(received.sentMs === null ? [] : [received.sentMs]),
      ...(received.publishedMs === null ? [] : [received.publishedMs]),
    ),
  );
  let planned = 1;
  let p = 0;
  let r = 0;
  const repeats = (order: Uint32Array, from: number, to: number): number =>
    to -
    from -
    new Set(order.slice(from, to).map((index) => valueAt(received.connection, index))).size;
  const seqAt = (column: NumericColumn, order: Uint32Array, position: number): number =>
    position < order.length ? valueAt(column, valueAt(order, position)) : Infinity;
  for (;;) {
    const publishedSeq = seqAt(published.seq, publications, p);
    const receivedSeq = seqAt(received.seq, receipts, r);
    const seq = Math.min(publishedSeq, receivedSeq, planned <= plannedEvents ? planned : Infinity);
    if (seq === Infinity) return;
    // NaN would loop forever. The reader rejects it; other callers may not.
    if (Number.isNaN(seq))
      throw new Error(`epoch ${epoch} has an event whose number is not a number`);
    const firstPublished = publishedSeq === seq ? valueAt(publications, p) : -1;
    const firstReceived = receivedSeq === seq ? valueAt(receipts, r) : -1;
    const r0 = r;
    while (seqAt(published.seq, publications, p) === seq) p++;
    while (seqAt(received.seq, receipts, r) === seq) r++;
    if (planned === seq) planned++;
    const count = r - r0;
    visit(seq, firstPublished, firstReceived, count, count > 1 ? repeats(receipts, r0, r) : 0);
  }
}

const byFields =
  (...columns: NumericColumn[]) =>
  (a: number, b: number): number => {
    for (const column of columns) {
      const difference = valueAt(column, a) - valueAt(column, b);
      if (difference !== 0) return difference;
    }
    return 0;
  };
