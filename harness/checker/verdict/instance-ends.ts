/** Which instance ends a bounce caused. A bounce excuses only those. */
import { plural } from "../../../common/portable/plural.ts";
import type { InstanceObservation } from "../../history/observation.ts";
import { KINDS_OF_BOUNCE } from "../../nemesis/kinds.ts";
import { ALL_INSTANCES, type Bounce } from "../records/bounces.ts";
import { BOUNCE_TOLD_LATE_MS, CLOCK_TOLERANCE_MS } from "../thresholds.ts";
import type { Evidence } from "./evidence.ts";

/**
 * An instance that ended during load or drain without a bounce. (Teardown, after the drain, ends
 * every instance.)
 */
export function instanceEndedByItself(evidence: Evidence): string | null {
  const { loadStartedMs, drainEndedMs, bounces } = evidence.context;
  const byBounce = new Set(bounces.flatMap((bounce) => endsBy(bounce, evidence)));
  const own = endsOf(evidence).filter(
    (end) =>
      end.atMs >= (loadStartedMs ?? -Infinity) && end.atMs < drainEndedMs && !byBounce.has(end),
  );
  const [first] = own.sort((a, b) => a.atMs - b.atMs || (a.instance < b.instance ? -1 : 1));
  if (first === undefined) return null;
  const sinceS = Number(((first.atMs - (loadStartedMs ?? first.atMs)) / 1000).toFixed(1));
  const others = own.length === 1 ? "" : `, and ${plural(own.length - 1, "more end")} followed`;
  return (
    `Instance ${first.instance} ended by itself ${sinceS} s after the load began, with no ` +
    `bounce to cause it${others}.`
  );
}

const endsOf = ({ record }: Evidence): InstanceObservation[] =>
  record.instanceStates.filter(({ state }) => state === "stopped" || state === "killed");

/**
 * The ends that a bounce caused. A rolling deploy may report its next instance only after that one
 * has ended. So if no end falls into the bounce's time, the ends shortly before count; an instance
 * that ended before its turn ended by itself.
 */
export function endsBy(
  { kind, target, startedMs, endedMs }: Bounce,
  evidence: Evidence,
): InstanceObservation[] {
  if (KINDS_OF_BOUNCE[kind].evidence !== "ends") return [];
  const untilMs = (endedMs ?? Infinity) + CLOCK_TOLERANCE_MS;
  const meant = endsOf(evidence).filter(
    ({ instance, atMs }) => (target === ALL_INSTANCES || instance === target) && atMs <= untilMs,
  );
  const inTime = meant.filter(({ atMs }) => atMs >= startedMs - CLOCK_TOLERANCE_MS);
  if (kind !== "rolling" || inTime.length > 0) return inTime;
  return meant.filter(({ atMs }) => atMs >= startedMs - BOUNCE_TOLD_LATE_MS);
}
