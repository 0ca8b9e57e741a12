/** What a run cost per stream or per 1,000 streams. All scaling is linear. */
import type { RunResult } from "../../checker/run-result.ts";

type PartCost = RunResult["costs"][number];
export type Role = PartCost["role"];

/** Costs are given for this many streams. */
export const STREAMS = 1_000;

/** Selects components by their role. */
export type IsMeant = (part: { role: Role }) => boolean;

/**
 * A cost of the selected components of a run; null if one of them is unknown, or there is none.
 * @param peers the runs of the same topology, which show its components
 */
export type CostFigure = (
  run: RunResult,
  isMeant: IsMeant,
  peers?: readonly RunResult[],
) => number | null;

const partsOf = (run: RunResult, isMeant: IsMeant): Set<string> =>
  new Set(run.costs.filter(isMeant).map(({ role, part }) => `${role} ${part}`));

/**
 * How many components to read: one server per known instance, and every component that a peer read.
 */
export const countParts = (runs: readonly RunResult[], isMeant: IsMeant): number => {
  const read = new Set(runs.flatMap((run) => [...partsOf(run, isMeant)]));
  if (!isMeant({ role: "server" })) return read.size;
  const servers = [...read].filter((part) => part.startsWith("server ")).length;
  const instances = Math.max(0, ...runs.map((run) => Object.keys(run.sessionsPerInstance).length));
  return read.size - servers + Math.max(servers, instances);
};

/** False if a component was not read, so that the sum would be too low. */
export const isWhole: (
  run: RunResult,
  isMeant: IsMeant,
  peers?: readonly RunResult[],
) => boolean = (run, isMeant, peers = []) =>
  partsOf(run, isMeant).size >= countParts([run, ...peers], isMeant);

/** The sum over the selected components. */
const sumOf =
  (figure: (cost: PartCost, run: RunResult) => number | null): CostFigure =>
  (run, isMeant, peers) => {
    if (!isWhole(run, isMeant, peers)) return null;
    const figures = run.costs.filter(isMeant).map((cost) => figure(cost, run));
    const known = figures.filter((value) => value !== null);
    if (known.length === 0 || known.length < figures.length) return null;
    return known.reduce((sum, value) => sum + value, 0);
  };

/**
 * Streams that were open at one time. Sessions come and go, so more of them came. In older results
 * all of them were open together.
 */
export const openStreams = ({ costs, sessions }: RunResult): number =>
  costs.find(({ steady }) => steady?.streams)?.steady?.streams ?? sessions;

/** Per open stream of the run. */
const perStream = (figure: (cost: PartCost) => number | null): CostFigure =>
  sumOf((cost, run) => {
    const value = figure(cost);
    const streams = openStreams(run);
    return value === null || streams === 0 ? null : value / streams;
  });

type Steady = NonNullable<PartCost["steady"]>;

/**
 * For 1,000 streams, while they were up. In older results: over the whole load, in which each
 * stream carries load for `durationS`, so that starting and accepting streams are in it.
 */
const perLoad = (
  durationS: number,
  steady: (cost: Steady) => number | null,
  whole: (cost: PartCost) => number | null,
): CostFigure =>
  sumOf((cost, { costs, sessions }) => {
    if (costs.some((other) => other.steady !== null)) {
      const rate = cost.steady && steady(cost.steady);
      return rate === null || !cost.steady?.streams ? null : (rate / cost.steady.streams) * STREAMS;
    }
    const value = whole(cost);
    if (value === null || durationS <= 0 || sessions === 0) return null;
    return (value / durationS / sessions) * STREAMS;
  });

/** CPU seconds per second. */
export const coresOf = (durationS: number): CostFigure =>
  perLoad(
    durationS,
    ({ cores }) => cores,
    ({ cpuSeconds }) => cpuSeconds,
  );
/** Bytes per second. */
export const receivedOf = (durationS: number): CostFigure =>
  perLoad(
    durationS,
    ({ receivedBytesPerSecond }) => receivedBytesPerSecond,
    ({ receivedBytes }) => receivedBytes,
  );
/** Bytes per second. */
export const sentOf = (durationS: number): CostFigure =>
  perLoad(
    durationS,
    ({ sentBytesPerSecond }) => sentBytesPerSecond,
    ({ sentBytes }) => sentBytes,
  );

const growth = (level: { first: number; peak: number } | null): number | null =>
  level === null ? null : level.peak - level.first;

/** Growth under load, bytes per stream. */
export const memoryOf: CostFigure = perStream((cost) => growth(cost.memoryBytes));
/** As `memoryOf`, for the kernel's socket buffers. */
export const socketMemoryOf: CostFigure = perStream((cost) => growth(cost.socketMemoryBytes));
