/** Whether a topology held a load, and which of its parts was the first to give in. */
import type { RunResult } from "../../checker/run-result.ts";
import { HOST_BUSY_LIMIT, LAG_SHARE_LIMIT } from "../../checker/thresholds.ts";
import { formatBytes, formatCores, formatMs, formatPercent } from "../format.ts";
import { BUSY_AT_MOST } from "../scale/scale.ts";
import type { Role } from "../tables/cost-figures.ts";

export interface Thresholds {
  /** Largest share of due events that do not arrive. */
  missed: number;
  /** Largest p99 from the intended publish time to the read, milliseconds. */
  p99Ms: number;
}

export interface PartUse {
  part: string;
  role: Role;
  /** CPU seconds per second. */
  cores: number;
  /** Of the cores that it can use: one, and of a router all of its host. */
  share: number;
  /** The highest reading. */
  memoryBytes: number;
}

/** What one level of load showed. */
export interface CapacityStep {
  sessions: number;
  /** Events per second and session. */
  rate: number;
  holds: boolean;
  /** Why it does not hold, one sentence each. */
  broke: string[];
  p99Ms: number | null;
  missed: number;
  engineLagMs: number | null;
  /** Median of the samples. Null if the host keeps no account. */
  hostBusy: number | null;
  /** The busiest first. */
  parts: PartUse[];
}

/** @param reasons why the verdict is what it is */
export function stepOf(
  result: RunResult,
  { rate, sessions }: { sessions: number; rate: number },
  thresholds: Thresholds,
  { cpus, reasons }: { cpus: number; reasons: readonly string[] },
): CapacityStep {
  const p99Ms = result.latency?.total.p99 ?? null;
  const engineLagMs = result.load.engineLagMs?.p99 ?? null;
  const broke = [
    ...(result.missedRatio > thresholds.missed
      ? [
          `${formatPercent(result.missedRatio)} of the due events did not arrive ` +
            `(limit ${formatPercent(thresholds.missed)})`,
        ]
      : []),
    ...(p99Ms !== null && p99Ms > thresholds.p99Ms
      ? [`p99 was ${formatMs(p99Ms)} (limit ${formatMs(thresholds.p99Ms)})`]
      : []),
    ...(isLate(engineLagMs, thresholds)
      ? [`the load engine ran ${formatMs(engineLagMs)} late (p99)`]
      : []),
    ...(result.verdict === "unknown" ? [`it cannot be trusted: ${reasons.join(" ")}`] : []),
  ];
  return {
    sessions,
    rate,
    holds: broke.length === 0,
    broke,
    p99Ms,
    missed: result.missedRatio,
    engineLagMs,
    hostBusy: result.load.host?.busyShare.p50 ?? null,
    parts: partsOf(result, cpus),
  };
}

/** Its own delay could make up half of the latency that is looked for. */
const isLate = (lagMs: number | null, { p99Ms }: Thresholds): boolean =>
  lagMs !== null && lagMs > LAG_SHARE_LIMIT * p99Ms;

const partsOf = ({ costs }: RunResult, cpus: number): PartUse[] =>
  costs
    .flatMap(({ part, role, steady, memoryBytes }): PartUse[] => {
      if (steady === null) return [];
      const { cores } = steady;
      const share = cores / (role === "router" ? cpus : 1);
      return [{ part, role, cores, share, memoryBytes: memoryBytes.peak }];
    })
    .sort((a, b) => b.share - a.share);

export interface FirstToGiveIn {
  /** Null: not known. */
  part: string | null;
  why: string;
}

/** The part that had nothing left when the load broke. */
export function firstToGiveIn(step: CapacityStep, thresholds: Thresholds): FirstToGiveIn {
  const { hostBusy, engineLagMs, parts } = step;
  if (hostBusy !== null && hostBusy >= HOST_BUSY_LIMIT)
    return unknown(
      `the host itself was saturated (${formatPercent(hostBusy)} busy): all parts and the load ` +
        "engine share its cores; spread them over hosts",
    );
  if (isLate(engineLagMs, thresholds))
    return unknown("the load engine gave in first; spread the load with sse-lab loadgen");
  const [busiest] = parts;
  if (busiest === undefined) return unknown("no part was read");
  const used =
    `${busiest.part} used ${formatCores(busiest.cores)} cores, ` +
    `${formatPercent(busiest.share)} of what it can use, and ` +
    `${formatBytes(busiest.memoryBytes)} of memory`;
  return busiest.share >= BUSY_AT_MOST
    ? { part: busiest.part, why: used }
    : unknown(`no part was out of CPU: the busiest, ${used}`);
}

const unknown = (why: string): FirstToGiveIn => ({ part: null, why });
