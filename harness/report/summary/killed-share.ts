/** What a deploy does to pipelines of another length than the measured ones. */
import type { RunResult } from "../../checker/run-result.ts";
import type { Repeat } from "../../checker/statistics/judge-differences.ts";

/** The bounces that reach every instance. Of others, the share that they reach is not measured. */
const DEPLOYS: readonly RunResult["bounce"][] = ["rolling", "recreate"];

/** Standard deviation of one trial. One more of each: none of a few is no proof of never. */
export const deviationOf = (count: number, of: number): number => {
  const likely = (count + 1) / (of + 2);
  return Math.sqrt(likely * (1 - likely));
};

/**
 * The share of running pipelines of that length that one deploy kills: of those that outlast the
 * drain's grace, as many as died of the measured ones that did. Null if no deploy of every instance
 * met such a pipeline.
 */
export const killedShareOf = ({ bounce, deploy }: RunResult, lengthS: number): Repeat | null => {
  const outlasting = DEPLOYS.includes(bounce) ? deploy?.outlasting : null;
  if (!outlasting || outlasting.pipelines === 0) return null;
  const { pipelines, killed, graceS } = outlasting;
  const exposed = Math.max(0, lengthS - graceS) / lengthS;
  return {
    value: (killed / pipelines) * exposed,
    sessions: { deviation: deviationOf(killed, pipelines) * exposed, count: pipelines },
  };
};
