/** What a run cost, brought to one stream or to 1,000 of them. All scaling is linear. */
import type { RunResult } from "../checker/run-result.ts";

type PartCost = RunResult["costs"][number];
export type Role = PartCost["role"];

/** How many streams costs are given for. */
export const STREAMS = 1_000;

/** A cost of some parts of a run; null when it is not known of one of them, or there is none. */
export type CostFigure = (run: RunResult, isMeant: (cost: PartCost) => boolean) => number | null;

/** The sum over the parts that are meant, per stream of the run. */
const perStream =
  (figure: (cost: PartCost) => number | null): CostFigure =>
  (run, isMeant) => {
    const figures = run.costs.filter(isMeant).map(figure);
    const known = figures.filter((value) => value !== null);
    if (known.length === 0 || known.length < figures.length || run.sessions === 0) return null;
    return known.reduce((sum, value) => sum + value, 0) / run.sessions;
  };

/** As `perStream`, per second of load and for 1,000 streams. Each stream carries load for `durationS`, whenever it arrived. */
const perLoad = (durationS: number, figure: (cost: PartCost) => number | null): CostFigure =>
  perStream((cost) => {
    const value = figure(cost);
    return value === null || durationS <= 0 ? null : (value / durationS) * STREAMS;
  });

/** CPU seconds per second of load. */
export const coresOf = (durationS: number): CostFigure => perLoad(durationS, (cost) => cost.cpuSeconds);
/** Bytes per second of load. */
export const receivedOf = (durationS: number): CostFigure => perLoad(durationS, (cost) => cost.receivedBytes);
/** Bytes per second of load. */
export const sentOf = (durationS: number): CostFigure => perLoad(durationS, (cost) => cost.sentBytes);

const growth = (level: { first: number; peak: number } | null): number | null =>
  level === null ? null : level.peak - level.first;

/** Bytes that came with the load, one stream's share. */
export const memoryOf: CostFigure = perStream((cost) => growth(cost.memoryBytes));
/** As `memoryOf`, of the kernel's socket buffers. */
export const socketMemoryOf: CostFigure = perStream((cost) => growth(cost.socketMemoryBytes));
