/** The chance that a pipeline ends stuck because of deploys, from what measured ones met. */
import type { RunResult } from "../../checker/run-result.ts";
import type { Repeat } from "../../checker/statistics/judge-differences.ts";
import { type Estimated, estimatedOf, mapEstimated } from "../summary/estimated.ts";
import type { RunGroup } from "../summary/run-group.ts";
import type { Summary } from "../summary/summary.ts";

const DAY_S = 86_400;

export interface Meeting {
  /** Length of a pipeline, seconds. */
  lengthS: number;
  deploysPerDay: number;
}

/**
 * How long a pipeline is at risk, seconds: one deploy at a random moment of a day ends it stuck
 * with this share of the day. Two parts. A pipeline that the deploy kills, or whose client gives
 * up, is at risk all its life. One that loses its last event is at risk only around its end, so
 * that part does not grow with its length: as many pipelines end a second as `running` over their
 * mean length.
 */
const atRisk =
  (measuredS: number, lengthS: number) =>
  ({ deploy, stuck }: RunResult): Repeat | null => {
    if (deploy === null || stuck === null || deploy.running === 0) return null;
    const { running } = deploy;
    const wholeLife = stuck.died + stuck.gaveUp;
    const value = (wholeLife * lengthS + stuck.terminalLost * measuredS) / running;
    // One more of each: none of a few does not prove that there is never one.
    const likely = (count: number): number => (count + 1) / (running + 2);
    const mean = likely(wholeLife) * lengthS + likely(stuck.terminalLost) * measuredS;
    const square = likely(wholeLife) * lengthS ** 2 + likely(stuck.terminalLost) * measuredS ** 2;
    const deviation = Math.sqrt(Math.max(0, square - mean ** 2));
    return { value, sessions: { deviation, count: running } };
  };

/**
 * The chance that deploys end a pipeline stuck, with its 95 %. Null if the load does not tell:
 * pipelines that all begin together do not end during a deploy as those of users do.
 */
export const stuckChance = (
  { measured }: RunGroup,
  { arrival, pipelineS }: Summary["scenario"],
  { lengthS, deploysPerDay }: Meeting,
): Estimated | null => {
  if (arrival !== "stationary" || pipelineS === undefined) return null;
  const repeats = measured.map(atRisk(pipelineS, lengthS)).filter((repeat) => repeat !== null);
  const risk = estimatedOf(repeats);
  return risk && mapEstimated(risk, (atRiskS) => 1 - Math.exp((-deploysPerDay * atRiskS) / DAY_S));
};
