/** What a deploy does to pipelines, of the measured lengths and of others. */
import type { RunResult } from "../../checker/run-result.ts";
import type { Repeat } from "../../checker/statistics/judge-differences.ts";

/** The bounces that reach every instance. Of others, the share that they reach is not measured. */
export const DEPLOYS: readonly RunResult["bounce"][] = ["rolling", "recreate"];

/** Standard deviation of one trial. One more of each: none of a few is no proof of never. */
export const deviationOf = (count: number, of: number): number => {
  const likely = (count + 1) / (of + 2);
  return Math.sqrt(likely * (1 - likely));
};

/** The pipelines that a deploy of every instance found still running after the drain's grace. */
const outlastingOf = ({ bounce, deploy }: RunResult) =>
  deploy !== null && DEPLOYS.includes(bounce) && (deploy.outlasting?.pipelines ?? 0) > 0
    ? deploy.outlasting
    : null;

/**
 * The pipelines that the bounce could kill, and did: those that outlast the drain's grace, or all
 * that ran if the bounce does not reach every instance. Null without a bounce.
 */
export const exposedOf = (run: RunResult): { pipelines: number; killed: number } | null =>
  outlastingOf(run) ?? (run.deploy && { pipelines: run.deploy.running, killed: run.deploy.killed });

/** `pipelines that outlast its grace`: which ones `exposedOf` counts. */
export const exposedName = (runs: readonly RunResult[]): string =>
  runs.some((run) => outlastingOf(run) !== null)
    ? "pipelines that outlast its grace"
    : "running pipelines";

/** What the share of killed pipelines is a share of, for the legend of a table. */
export const killedLegend = (runs: readonly RunResult[]): string =>
  runs.some((run) => outlastingOf(run) !== null)
    ? "of the pipelines that outlast the drain's grace, or of all that ran if the bounce does " +
      "not reach every instance"
    : "of the pipelines that ran";

/**
 * The share of running pipelines of that length that one deploy kills: of those that outlast the
 * drain's grace, as many as died of the measured ones that did. Null if no deploy of every instance
 * met such a pipeline.
 */
export const killedShareOf = (run: RunResult, lengthS: number): Repeat | null => {
  const outlasting = outlastingOf(run);
  if (outlasting === null) return null;
  const { pipelines, killed, graceS } = outlasting;
  const exposed = Math.max(0, lengthS - graceS) / lengthS;
  return {
    value: (killed / pipelines) * exposed,
    sessions: { deviation: deviationOf(killed, pipelines) * exposed, count: pipelines },
  };
};
