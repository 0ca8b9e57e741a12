/** Which instance ends a bounce caused. A bounce excuses only those. */
import { plural } from "../../../common/portable/plural.ts";
import type { InstanceObservation } from "../../history/observation.ts";
import { KINDS_OF_BOUNCE } from "../../nemesis/kinds.ts";
import { countCuts } from "../measures/bounces.ts";
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

/**
 * A bounce that reports success, but whose target has no recorded end, nor any stream that it cut.
 */
export function bounceEndedNothing(evidence: Evidence): string | null {
  for (const bounce of evidence.context.bounces) {
    // A failed bounce has a rule of its own.
    if (bounce.error !== null) continue;
    const { ends, group } = KINDS_OF_BOUNCE[bounce.kind];
    if (group === "realtime") {
      const nothing = outageCutNothing(bounce, evidence);
      if (nothing !== null) return nothing;
      continue;
    }
    if (ends !== "instances") continue;
    const ended = new Set(endsBy(bounce, evidence).map(({ instance }) => instance));
    const { target } = bounce;
    if (target !== ALL_INSTANCES) {
      if (!ended.has(target))
        return `The bounce of ${target} ended nothing: no end of ${target} is on record.`;
      continue;
    }
    const known = evidence.record.instances.all();
    const kept = known.filter((instance) => !ended.has(instance)).toSorted();
    const wanted = Math.max(known.length, evidence.record.run?.replicas ?? 0);
    if (ended.size < wanted) {
      const whose = kept.length === 0 ? "" : `: no end of ${kept.join(", ")} is on record`;
      const what =
        ended.size === 0 ? "nothing" : `only ${ended.size} of ${plural(wanted, "instance")}`;
      return `The bounce of ${ALL_INSTANCES} ended ${what}${whose}.`;
    }
  }
  return null;
}

/** An outage of the broker that clients subscribe to ends no instance, but cuts every stream. */
function outageCutNothing(
  bounce: Bounce,
  { record, context: { bounces } }: Evidence,
): string | null {
  const { open, cut } = countCuts(record, bounces)[bounces.indexOf(bounce)] ?? { open: 0, cut: 0 };
  if (cut > 0) return null;
  return (
    `The outage of ${bounce.target} ended nothing: it cut none of ` +
    `${plural(open, "open stream")}.`
  );
}

const endsOf = ({ record }: Evidence): InstanceObservation[] =>
  record.instanceStates.filter(({ state }) => state === "stopped" || state === "killed");

/**
 * The ends that a bounce caused. A rolling deploy may report its next instance only after that one
 * has ended. So if no end falls into the bounce's time, the ends shortly before count; an instance
 * that ended before its turn ended by itself.
 */
function endsBy(
  { kind, target, startedMs, endedMs }: Bounce,
  evidence: Evidence,
): InstanceObservation[] {
  const untilMs = (endedMs ?? Infinity) + CLOCK_TOLERANCE_MS;
  const meant = endsOf(evidence).filter(
    ({ instance, atMs }) => (target === ALL_INSTANCES || instance === target) && atMs <= untilMs,
  );
  const inTime = meant.filter(({ atMs }) => atMs >= startedMs - CLOCK_TOLERANCE_MS);
  if (kind !== "rolling" || inTime.length > 0) return inTime;
  return meant.filter(({ atMs }) => atMs >= startedMs - BOUNCE_TOLD_LATE_MS);
}
