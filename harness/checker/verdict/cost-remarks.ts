/** Remarks on costs that were not read, or not long enough. */
import { plural } from "../../../common/portable/plural.ts";
import { costWindow, measureCosts } from "../measures/costs.ts";
import { READINGS_END_EARLY } from "../thresholds.ts";
import { inMs, type Evidence } from "./evidence.ts";

/**
 * Applies only if the platform gave readings and the run had a load. A server without any reading
 * is unknown too.
 */
export function costsAreUnknown({ record, context }: Evidence): string | null {
  const { usages, instances, run } = record;
  if (usages.length === 0 || costWindow(context) === null) return null;
  const costs = measureCosts(record, context);
  const known = new Set(costs.map(({ part }) => part));
  const named = new Set([...usages.map(({ part }) => part), ...instances.all()]);
  const unknown = [...named].filter((part) => !known.has(part)).sort();
  const servers = new Set([
    ...usages.filter(({ role }) => role === "server").map(({ part }) => part),
    ...instances.all(),
  ]);
  const unnamed = (run?.replicas ?? 0) - servers.size;
  if (unnamed > 0)
    unknown.push(plural(unnamed, unknown.length === 0 ? "server" : "further server"));
  if (unknown.length === 0) return null;
  return known.size === 0
    ? "No component was read under load, so this topology's costs are unknown."
    : `The costs of ${unknown.join(", ")} are unknown, because no reading fell into the load.`;
}

export function readingsEndEarly({ record: { usages }, context }: Evidence): string | null {
  const window = costWindow(context);
  if (window === null || context.drainStartedMs === null) return null;
  const lastMs = new Map<string, number>();
  for (const { part, atMs } of usages) {
    if (atMs > window.startMs && atMs <= window.endMs)
      lastMs.set(part, Math.max(atMs, lastMs.get(part) ?? -Infinity));
  }
  const { share, leastMs, mostMs } = READINGS_END_EARLY;
  const limitMs = Math.min(
    mostMs,
    Math.max(leastMs, share * (context.drainStartedMs - window.startMs)),
  );
  const endMs = context.drainStartedMs - limitMs;
  const early = [...lastMs].filter(([, atMs]) => atMs < endMs).map(([part]) => part);
  return early.length === 0
    ? null
    : `The readings of ${early.sort().join(", ")} end more than ${inMs(limitMs)} before the load, ` +
        "so these costs are too low.";
}
