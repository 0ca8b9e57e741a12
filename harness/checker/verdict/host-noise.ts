/** How busy the host was, and what that did to the times of a run. */
import { noisyShare } from "../measures/host.ts";
import { HOST_BUSY_LIMIT, HOST_NOISY_SHARE_LIMIT, HOST_STEAL_LIMIT } from "../thresholds.ts";
import { inPercent, type Evidence } from "./evidence.ts";

/** The beginning of a sentence. Null on a quiet host, and without samples of it. */
export function hostNoise({ record, context }: Evidence): string | null {
  const share = noisyShare(record.hosts, context);
  return share <= HOST_NOISY_SHARE_LIMIT
    ? null
    : `In ${inPercent(share)} of the measured time, the host was more than ` +
        `${inPercent(HOST_BUSY_LIMIT)} busy or its hypervisor stole more than ` +
        inPercent(HOST_STEAL_LIMIT);
}

/** The later of the engine and the publishers (p99), milliseconds. */
export const distortionMs = ({ record: { engine }, counts }: Evidence): number =>
  Math.max(engine?.lagMs.p99 ?? 0, counts.lateness.percentileMs(99));
