/** What a day would cost with each topology, and which of them fits a tolerated loss. */
import type { RunResult } from "../../checker/run-result.ts";
import type { Repeat } from "../../checker/statistics/judge-differences.ts";
import { stuckChance } from "../answer/stuck-chance.ts";
import { estimate, type TopologyEstimate, type Wanted } from "../estimate/estimate.ts";
import { STEADY } from "../glossary.ts";
import { type Estimated, estimatedOf, mapEstimated } from "../summary/estimated.ts";
import { groupRuns, type RunGroup } from "../summary/run-group.ts";
import type { Summary } from "../summary/summary.ts";
import type { Host } from "./hosts.ts";

export interface Asked extends Wanted {
  host: Host;
  /** Share of a day's events. */
  toleratedLoss: number;
}

export type Fit = "fits" | "may fit" | "does not fit";

export interface TopologyAdvice {
  estimate: TopologyEstimate;
  /** Seconds of events that one cut costs a stream whose pipeline lives on. Null without a cut. */
  darkPerCutS: Estimated | null;
  perDay: {
    /** Of all streams together. */
    events: number;
    /** Streams that the host cuts for their length. */
    cappedCuts: number;
    eventsLostByCap: Estimated | null;
    /** By deploys, by the host's limit, and otherwise. */
    eventsLost: Estimated;
    /** Pipelines that end stuck because of deploys. Null if the load does not tell. */
    stuckByDeploys: Estimated | null;
  };
  /** Share of pipelines that ended stuck without any deploy. Null if not measured. */
  stuckOtherwise: number | null;
  fit: Fit;
}

const DAY_S = 86_400;

/** Of streams whose pipeline lived on: what they lost over how often they were cut. */
const darkPerCut = ({ deploy }: RunResult): Repeat | null => {
  if (deploy === null || deploy.away.cut === 0) return null;
  const { streams, mean, deviation } = deploy.blackoutS.livedOn;
  // A cut pipeline that died has nothing left to lose, so cuts count by the share that lived on.
  const cuts = deploy.away.cut * (streams / Math.max(1, deploy.open));
  if (cuts === 0) return null;
  return {
    value: (streams * mean) / cuts,
    sessions: { deviation: (streams * deviation) / cuts, count: streams },
  };
};

const sumOf = (parts: readonly (Estimated | null)[]): Estimated => {
  const known = parts.filter((part) => part !== null);
  const total = (of: (part: Estimated) => number | null): number | null =>
    known.reduce<number | null>((sum, part) => {
      const value = of(part);
      return sum === null || value === null ? null : sum + value;
    }, 0);
  return {
    value: known.reduce((sum, { value }) => sum + value, 0),
    low: total(({ low }) => low),
    high: total(({ high }) => high),
  };
};

const adviceOf = (
  one: TopologyEstimate,
  groups: readonly RunGroup[],
  scenario: Summary["scenario"],
  asked: Asked,
): TopologyAdvice[] => {
  const { streams, pipelineS, eventsPerSecond, deploysPerDay, host, bounce } = asked;
  const groupUnder = (wanted: RunResult["bounce"]): RunGroup | undefined =>
    groups.find((group) => group.topology === one.topology && group.bounce === wanted);
  const bounced = groupUnder(bounce);
  if (bounced === undefined) return [];
  const cutsPerPipeline =
    host.requestCapS === null ? 0 : Math.max(0, Math.ceil(pipelineS / host.requestCapS) - 1);
  const cappedCuts = one.perDay.pipelines * cutsPerPipeline;
  const perCut = estimatedOf(bounced.measured.map(darkPerCut).filter((each) => each !== null));
  const byCap = perCut && mapEstimated(perCut, (s) => s * cappedCuts * eventsPerSecond);
  const eventsLost = sumOf([
    one.perDay.eventsLostByDeploys,
    cappedCuts === 0 ? null : byCap,
    one.perDay.eventsLostOtherwise,
  ]);
  const events = streams * eventsPerSecond * DAY_S;
  const chance = stuckChance(bounced, scenario, { lengthS: pipelineS, deploysPerDay });
  const steady = groupUnder(STEADY);
  const stuckShares = steady?.trusted
    ? steady.measured.map((run) => run.stuckStreams / Math.max(1, run.sessions))
    : [];
  const tolerated = asked.toleratedLoss * events;
  return [
    {
      estimate: one,
      darkPerCutS: perCut,
      perDay: {
        events,
        cappedCuts,
        eventsLostByCap: cappedCuts === 0 ? null : byCap,
        eventsLost,
        stuckByDeploys: chance && mapEstimated(chance, (share) => share * one.perDay.pipelines),
      },
      stuckOtherwise: stuckShares.length === 0 ? null : Math.max(...stuckShares),
      fit:
        eventsLost.value > tolerated
          ? "does not fit"
          : (eventsLost.high ?? Infinity) > tolerated
            ? "may fit"
            : "fits",
    },
  ];
};

/** One per topology with trusted runs under the wanted bounce, fewest losses first. */
export const advise = (summary: Summary, asked: Asked): TopologyAdvice[] => {
  const groups = groupRuns(summary.runs);
  return estimate(summary, asked)
    .flatMap((one) => adviceOf(one, groups, summary.scenario, asked))
    .sort((a, b) => a.perDay.eventsLost.value - b.perDay.eventsLost.value);
};
