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

/** The sum over the selected components, per stream of the run. */
const perStream =
  (figure: (cost: PartCost) => number | null): CostFigure =>
  (run, isMeant, peers) => {
    if (!isWhole(run, isMeant, peers)) return null;
    const figures = run.costs.filter(isMeant).map(figure);
    const known = figures.filter((value) => value !== null);
    if (known.length === 0 || known.length < figures.length || run.sessions === 0) return null;
    return known.reduce((sum, value) => sum + value, 0) / run.sessions;
  };

/**
 * As `perStream`, per second of load and for 1,000 streams. Each stream carries load for
 * `durationS`.
 */
const perLoad = (durationS: number, figure: (cost: PartCost) => number | null): CostFigure =>
  perStream((cost) => {
    const value = figure(cost);
    return value === null || durationS <= 0 ? null : (value / durationS) * STREAMS;
  });

/** CPU seconds per second of load. */
export const coresOf = (durationS: number): CostFigure =>
  perLoad(durationS, (cost) => cost.cpuSeconds);
/** Bytes per second of load. */
export const receivedOf = (durationS: number): CostFigure =>
  perLoad(durationS, (cost) => cost.receivedBytes);
/** Bytes per second of load. */
export const sentOf = (durationS: number): CostFigure =>
  perLoad(durationS, (cost) => cost.sentBytes);

const growth = (level: { first: number; peak: number } | null): number | null =>
  level === null ? null : level.peak - level.first;

/** Growth under load, bytes per stream. */
export const memoryOf: CostFigure = perStream((cost) => growth(cost.memoryBytes));
/** As `memoryOf`, for the kernel's socket buffers. */
export const socketMemoryOf: CostFigure = perStream((cost) => growth(cost.socketMemoryBytes));
