/** The chance that a pipeline ends stuck because of deploys, from what measured ones met. */
import type { RunResult } from "../../checker/run-result.ts";
import type { Repeat } from "../../checker/statistics/judge-differences.ts";
import { type Estimated, estimatedOf, mapEstimated } from "../summary/estimated.ts";
import { deviationOf, killedShareOf } from "../summary/killed-share.ts";
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
 * with this share of the day. A pipeline that the deploy kills, or whose client gives up, is at
 * risk while it runs. One that loses its last event is at risk only around its end, so that part
 * does not grow with its length: as many pipelines end a second as `running` over their mean
 * length.
 */
const atRisk =
  (measuredS: number, lengthS: number) =>
  (run: RunResult): Repeat | null => {
    const { deploy, stuck } = run;
    const killed = killedShareOf(run, lengthS);
    if (killed?.sessions === undefined || deploy === null || stuck === null) return null;
    const { running } = deploy;
    if (running === 0) return null;
    const { deviation, count } = killed.sessions;
    const others = [
      deviationOf(stuck.gaveUp, running) * lengthS,
      deviationOf(stuck.terminalLost, running) * measuredS,
    ].map((one) => one ** 2 / running);
    const square = (deviation * lengthS) ** 2 / count + others.reduce((sum, one) => sum + one, 0);
    return {
      value:
        killed.value * lengthS +
        (stuck.gaveUp * lengthS + stuck.terminalLost * measuredS) / running,
      sessions: { deviation: Math.sqrt(square * count), count },
    };
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
