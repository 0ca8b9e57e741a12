import { wasFrozen } from "../records/bounces.ts";
import { instanceIdOf, type EpochRecord } from "../records/epoch-record.ts";
import { valueAt } from "../records/numeric-column.ts";
import type { RunContext } from "../records/run-context.ts";

/**
 * How many live deliveries came after a later event of their epoch. Events read at once share a
 * time and count as ordered.
 */
export function countReordered(atMs: readonly number[]): number {
  let reordered = 0;
  let earliestLaterMs = Infinity;
  for (let index = atMs.length - 1; index >= 0; index--) {
    const time = valueAt(atMs, index);
    if (time > earliestLaterMs) reordered++;
    else earliestLaterMs = time;
  }
  return reordered;
}

/** True if every instance that may have published this epoch left complete ledgers. */
export function isRecorded(
  { pipelines, published }: EpochRecord,
  { facts, instances }: RunContext,
): boolean {
  const publishers = new Set([
    ...pipelines.map(({ instance }) => instance),
    ...[...new Set(published.source)].map((source) => instances.name(instanceIdOf(source))),
  ]);
  if (publishers.size === 0)
    return instances.all().length > 0 && facts.incompleteLedgers().length === 0;
  return [...publishers].every((instance) => facts.ledgerComplete(instance));
}

/** True between the start of the load and that of the drain. */
export const isUnderLoad = (atMs: number, { loadStartedMs, drainStartedMs }: RunContext): boolean =>
  loadStartedMs !== null &&
  drainStartedMs !== null &&
  atMs >= loadStartedMs &&
  atMs <= drainStartedMs;

/**
 * True if a bounce made the publication late: the pipeline changed its owner, or its instance was
 * frozen. That shows the bounce, not a slow publisher.
 */
export function isLateByBounce(
  { pipelines, published }: EpochRecord,
  publication: number,
  { bounces, instances }: RunContext,
): boolean {
  if (pipelines.some(({ state }) => state === "resumed")) return true;
  if (bounces.length === 0) return false;
  const publisher = instances.name(instanceIdOf(valueAt(published.source, publication)));
  return wasFrozen(bounces, publisher, valueAt(published.intendedMs, publication));
}
