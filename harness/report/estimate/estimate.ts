/** What deploys would cost a day, from measured figures, with the arithmetic shown. */
import type { RunResult } from "../../checker/run-result.ts";
import { meanOf, type Repeat } from "../../checker/statistics/judge-differences.ts";
import { STEADY } from "../glossary.ts";
import { type Estimated, estimatedOf, mapEstimated } from "../summary/estimated.ts";
import { deviationOf, killedShareOf } from "../summary/killed-share.ts";
import { DARK } from "../summary/figures.ts";
import { groupRuns, type RunGroup } from "../summary/run-group.ts";
import type { Summary } from "../summary/summary.ts";

export interface Wanted {
  /** Open at once. */
  streams: number;
  /** Mean length of a pipeline, seconds. */
  pipelineS: number;
  deploysPerDay: number;
  /** Of one stream. */
  eventsPerSecond: number;
  bounce: RunResult["bounce"];
}

export interface TopologyEstimate {
  topology: string;
  /** Runs that the figures come from, of all that were made. */
  runs: { measured: number; made: number };
  measured: {
    /** Share of the running pipelines of that length that one deploy kills. */
    killedShare: Estimated;
    /** Seconds of events that one open stream loses per deploy though its pipeline lives on. */
    darkS: Estimated;
    /** Events that one stream loses in an hour without any deploy. Null if not measured. */
    lossesPerStreamHour: Estimated | null;
  };
  perDay: {
    pipelines: number;
    pipelinesKilled: Estimated;
    /** Stream-seconds. */
    darkS: Estimated;
    eventsLostByDeploys: Estimated;
    eventsLostOtherwise: Estimated | null;
  };
  /** The chance that a pipeline of this length is killed by a deploy. */
  killedChance: Estimated;
}

const DAY_S = 86_400;

/** Over all open streams: those whose pipeline dies lose nothing that could have been delivered. */
const darkPerOpenStream = (run: RunResult): Repeat | null => {
  const { deploy } = run;
  if (deploy === null || deploy.open === 0) return null;
  const lived = DARK.of(run)?.sessions ?? { deviation: 0, count: 0 };
  const { mean } = deploy.blackoutS.livedOn;
  const share = Math.min(1, lived.count / deploy.open);
  const value = share * mean;
  const variance = share * (lived.deviation ** 2 + mean ** 2) - value ** 2;
  return { value, sessions: { deviation: Math.sqrt(Math.max(0, variance)), count: deploy.open } };
};

/**
 * Without pipelines that outlast their instance: over those that ran when it began, since as many
 * begin as end. Newcomers count: with pipelines longer than the deploy there are none, and those
 * that ran die instead.
 */
const killedOf =
  (pipelineS: number) =>
  (run: RunResult): Repeat | null => {
    const { deploy } = run;
    if (deploy === null || deploy.running === 0) return null;
    const { killed, killedNewcomers, running } = deploy;
    const value = Math.min(1, (killed + killedNewcomers) / running);
    const sessions = { deviation: deviationOf(killed, running), count: running };
    return killedShareOf(run, pipelineS) ?? { value, sessions };
  };

const repeatsIn = (group: RunGroup, of: (run: RunResult) => Repeat | null): Repeat[] =>
  group.measured.map(of).filter((repeat) => repeat !== null);

/** Pooled over the runs; without a loss, up to as many single ones as the bound on gaps allows. */
const steadyLosses = (group: RunGroup | undefined): Estimated | null => {
  const steady = group?.trusted ? group.measured.flatMap((run) => run.steady ?? []) : [];
  if (steady.length === 0) return null;
  const value = meanOf(steady.map(({ lossesPerStreamHour }) => lossesPerStreamHour));
  if (value > 0)
    return estimatedOf(steady.map(({ lossesPerStreamHour }) => ({ value: lossesPerStreamHour })));
  const atMost =
    1 / steady.reduce((sum, { incidentsPerStreamHourAtMost: most }) => sum + 1 / most, 0);
  return { value, low: 0, high: atMost };
};

const estimateOf = (
  group: RunGroup,
  steady: RunGroup | undefined,
  { streams, pipelineS, deploysPerDay, eventsPerSecond }: Wanted,
): TopologyEstimate[] => {
  const killedShare = estimatedOf(repeatsIn(group, killedOf(pipelineS)), 1);
  const darkS = estimatedOf(repeatsIn(group, darkPerOpenStream));
  if (!group.trusted || killedShare === null || darkS === null) return [];
  const lossesPerStreamHour = steadyLosses(steady);
  const darkPerDayS = mapEstimated(darkS, (one) => one * streams * deploysPerDay);
  return [
    {
      topology: group.topology,
      runs: { measured: group.measured.length, made: group.runs.length },
      measured: { killedShare, darkS, lossesPerStreamHour },
      perDay: {
        pipelines: (streams * DAY_S) / pipelineS,
        pipelinesKilled: mapEstimated(killedShare, (share) => share * streams * deploysPerDay),
        darkS: darkPerDayS,
        eventsLostByDeploys: mapEstimated(darkPerDayS, (seconds) => seconds * eventsPerSecond),
        eventsLostOtherwise:
          lossesPerStreamHour && mapEstimated(lossesPerStreamHour, (lost) => lost * streams * 24),
      },
      killedChance: mapEstimated(
        killedShare,
        (share) => 1 - Math.exp((-deploysPerDay * share * pipelineS) / DAY_S),
      ),
    },
  ];
};

/** One estimate per topology with trusted runs under the wanted bounce; empty if there is none. */
export const estimate = (summary: Summary, wanted: Wanted): TopologyEstimate[] => {
  const groups = groupRuns(summary.runs);
  return groups
    .filter(({ bounce }) => bounce === wanted.bounce)
    .flatMap((group) =>
      estimateOf(
        group,
        groups.find(({ topology, bounce }) => topology === group.topology && bounce === STEADY),
        wanted,
      ),
    );
};
