import type { HostObservation } from "../../history/observation.ts";
import type { RunContext } from "../records/run-context.ts";
import type { HostFigures } from "../run-figures.ts";
import { HOST_BUSY_LIMIT, HOST_STEAL_LIMIT } from "../thresholds.ts";

type Window = Pick<RunContext, "measuredMs" | "drainStartedMs">;

/** How busy the host was from the end of the warm-up to the drain. Null without a sample. */
export function measureHost(hosts: readonly HostObservation[], window: Window): HostFigures | null {
  const samples = samplesOf(hosts, window);
  const levels = (
    shareOf: (sample: HostObservation) => number | undefined,
  ): { p50: number; max: number } | null => {
    const shares = samples.flatMap((sample) => shareOf(sample) ?? []).sort((a, b) => a - b);
    const p50 = shares[Math.ceil(shares.length / 2) - 1];
    const max = shares.at(-1);
    return p50 === undefined || max === undefined ? null : { p50, max };
  };
  const busyShare = levels(({ cpuBusyShare }) => cpuBusyShare);
  const stealShare = levels((sample) => sample.stealShare);
  if (busyShare === null || stealShare === null) return null;
  return { busyShare, stealShare, pressureShare: levels((sample) => sample.pressureShare) };
}

/** The share of the samples that show a host without a core to spare, or one that was robbed. */
export function noisyShare(hosts: readonly HostObservation[], window: Window): number {
  const samples = samplesOf(hosts, window);
  const noisy = samples.filter(
    ({ cpuBusyShare, stealShare }) =>
      cpuBusyShare > HOST_BUSY_LIMIT || stealShare > HOST_STEAL_LIMIT,
  );
  return samples.length === 0 ? 0 : noisy.length / samples.length;
}

const samplesOf = (
  hosts: readonly HostObservation[],
  { measuredMs, drainStartedMs }: Window,
): HostObservation[] =>
  hosts.filter(
    ({ atMs }) => atMs >= (measuredMs ?? -Infinity) && atMs <= (drainStartedMs ?? Infinity),
  );
