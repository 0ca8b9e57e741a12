/** A bounce that reports success, but of which nothing is on record. */
import { plural } from "../../../common/portable/plural.ts";
import { KINDS_OF_BOUNCE, type Evidence as Wanted } from "../../nemesis/kinds.ts";
import { countCuts } from "../measures/bounces.ts";
import { ALL_INSTANCES, type Bounce } from "../records/bounces.ts";
import { valueAt } from "../records/numeric-column.ts";
import { CLOCK_TOLERANCE_MS, NOTICE_MS } from "../thresholds.ts";
import type { Evidence } from "./evidence.ts";
import { endsBy } from "./instance-ends.ts";

type Check = (bounce: Bounce, evidence: Evidence) => string | null;

/** What is missing, one sentence. Null if every bounce left what its kind must leave. */
export function bounceLeftNothing(evidence: Evidence): string | null {
  for (const bounce of evidence.context.bounces) {
    // A failed bounce has a separate rule.
    if (bounce.error !== null) continue;
    const missing = CHECKS[KINDS_OF_BOUNCE[bounce.kind].evidence](bounce, evidence);
    if (missing !== null) return missing;
  }
  return null;
}

const CHECKS: Readonly<Record<Wanted, Check>> = {
  none: () => null,
  ends: endedNothing,
  cuts: cutNothing,
  "broker-down": brokerStayed,
  silence: targetWasHeard,
};

function endedNothing(bounce: Bounce, evidence: Evidence): string | null {
  const ended = new Set(endsBy(bounce, evidence).map(({ instance }) => instance));
  const { target } = bounce;
  if (target !== ALL_INSTANCES)
    return ended.has(target)
      ? null
      : `The bounce of ${target} ended nothing: no end of ${target} is on record.`;
  const known = evidence.record.instances.all();
  const kept = known.filter((instance) => !ended.has(instance)).toSorted();
  const wanted = Math.max(known.length, evidence.record.run?.replicas ?? 0);
  if (ended.size >= wanted) return null;
  const whose = kept.length === 0 ? "" : `: no end of ${kept.join(", ")} is on record`;
  const what = ended.size === 0 ? "nothing" : `only ${ended.size} of ${plural(wanted, "instance")}`;
  return `The bounce of ${ALL_INSTANCES} ended ${what}${whose}.`;
}

/** What every stream hangs on ends no instance, but cuts every stream. */
function cutNothing(bounce: Bounce, { record, context: { bounces } }: Evidence): string | null {
  const { open, cut } = countCuts(record, bounces)[bounces.indexOf(bounce)] ?? { open: 0, cut: 0 };
  if (cut > 0) return null;
  return (
    `The outage of ${bounce.target} ended nothing: it cut none of ` +
    `${plural(open, "open stream")}.`
  );
}

/** By the ledgers: those that were cut off, or any instance if the broker itself was away. */
function brokerStayed({ kind, target, startedMs, endedMs }: Bounce, { record }: Evidence) {
  if (record.run?.withoutLedger !== undefined) return null;
  const isInstance = record.instances.all().includes(target);
  const missed = record.brokers.some(
    ({ instance, state, atMs }) =>
      state === "down" &&
      (!isInstance || instance === target) &&
      atMs >= startedMs - CLOCK_TOLERANCE_MS &&
      atMs <= (endedMs ?? Infinity) + NOTICE_MS,
  );
  if (missed) return null;
  return (
    `The ${kind} of ${target} left no trace: ` +
    `${isInstance ? target : "no instance"} ${isInstance ? "never " : ""}missed its broker.`
  );
}

/** What is frozen or cut off sends nothing. What was under way arrives within the notice time. */
function targetWasHeard({ kind, target, startedMs, endedMs }: Bounce, { record }: Evidence) {
  const [fromMs, toMs] = [startedMs + NOTICE_MS, (endedMs ?? Infinity) - CLOCK_TOLERANCE_MS];
  let heard = 0;
  for (const session of record.sessions.values()) {
    const own = new Set<number>();
    for (const { connection, instance } of session.connected.values())
      if (instance === target) own.add(connection);
    if (own.size === 0) continue;
    for (const { received } of session.epochs.values())
      for (let index = 0; index < received.atMs.length; index++) {
        const atMs = valueAt(received.atMs, index);
        if (atMs < fromMs || atMs > toMs) continue;
        if (own.has(valueAt(received.connection, index))) heard++;
      }
  }
  if (heard === 0) return null;
  return (
    `The ${kind} of ${target} did not happen: its streams got ` +
    `${plural(heard, "event")} meanwhile.`
  );
}
