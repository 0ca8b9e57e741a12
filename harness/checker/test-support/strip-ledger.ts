import type { Observation, WithoutLedger } from "../../history/observation.ts";

/**
 * The same history of a service that keeps no ledger. Its events state their publish times, if
 * `statesTimes`, as the lab's own events do.
 */
export function stripLedger(
  observations: readonly Observation[],
  withoutLedger: WithoutLedger,
  statesTimes = true,
): Observation[] {
  const publishedMs = new Map<string, number>();
  const keyOf = ({ session, epoch, seq }: { session: string; epoch: string; seq: number }) =>
    JSON.stringify([session, epoch, seq]);
  for (const one of observations)
    if (one.type === "published") publishedMs.set(keyOf(one), one.atMs);
  return observations.flatMap((one): Observation[] => {
    switch (one.type) {
      case "published":
      case "dropped":
      case "pipeline":
      case "broker":
      case "ledger":
        return [];
      case "gate":
        return one.state === "answered" ? [one] : [];
      case "run":
        return [{ ...one, withoutLedger }];
      case "engine":
        return [{ ...one, publishClockErrorMs: 0 }];
      case "received": {
        const statedMs = publishedMs.get(keyOf(one));
        return [statesTimes && statedMs !== undefined ? { ...one, publishedMs: statedMs } : one];
      }
      default:
        return [one];
    }
  });
}
