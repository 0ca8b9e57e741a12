/** The figures that topologies are compared by, less of each being better. */
import type { RunResult } from "../../checker/run-result.ts";
import {
  type Judgement,
  type Least,
  type Question,
  type Repeat,
  ENOUGH_REPEATS,
  meanOf,
} from "../../checker/statistics/judge-differences.ts";
import { formatCount, formatMs, formatPercent, formatSeconds } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { deviationOf, exposedOf } from "./killed-share.ts";
import { formatSpread, type RunGroup, type Spread, spreadOfRepeats } from "./run-group.ts";

export interface Figure {
  name: string;
  /** Null: the run does not have the figure. */
  of: (run: RunResult) => Repeat | null;
  /** A smaller difference is of no consequence. */
  least: Least;
  byRatio?: true;
  format: (value: number | null) => string;
}

/** A share of independent cases, with the scatter that few cases leave open. */
const shareOf = (counted: number, cases: number): Repeat | null => {
  if (cases === 0) return null;
  const hits = Math.min(counted, cases);
  return { value: hits / cases, sessions: { deviation: deviationOf(hits, cases), count: cases } };
};

/** A share of events as one of sessions: the events of one session are lost together. */
const shareOfEvents = (share: number, run: RunResult): Repeat | null => {
  const likely = shareOf(share * run.sessions, run.sessions);
  return likely && { ...likely, value: share };
};

const time = (valueMs: number | null | undefined): Repeat | null =>
  valueMs === null || valueMs === undefined ? null : { value: valueMs };

const darkness =
  (part: "livedOn" | "doomed") =>
  ({ deploy }: RunResult): Repeat | null => {
    const blackout = deploy?.blackoutS[part];
    if (blackout === undefined || blackout.streams === 0) return null;
    const { mean, deviation, streams } = blackout;
    return { value: mean, sessions: { deviation, count: streams } };
  };

const SOME_TIME = { byRatio: true, least: { share: 0.1, amount: 0.5 }, format: formatMs } as const;
const SOME_SHARE = { least: { share: 0.05, amount: 0.005 }, format: formatPercent };

/** Events published while a stream was away, in seconds of its pipeline, per deploy. */
export const DARK: Figure = {
  name: "dark per stream and deploy",
  of: darkness("livedOn"),
  least: { share: 0.05, amount: 0.02 },
  format: formatSeconds,
};

/** The same of pipelines that died with the deploy. Not judged: the drain's grace decides it. */
export const DOOMED: Figure = { ...DARK, name: "dark, doomed", of: darkness("doomed") };

/** Of those that the bounce could kill: shorter ones end by themselves within the drain's grace. */
export const KILLED: Figure = {
  name: "pipelines killed",
  of: (run) => {
    const exposed = exposedOf(run);
    return exposed && shareOf(exposed.killed, exposed.pipelines);
  },
  ...SOME_SHARE,
};

export const STUCK_LIVED_ON: Figure = {
  name: "stuck, pipeline lived on",
  of: ({ deploy }) => deploy && shareOf(deploy.stuckLivedOn.stuck, deploy.stuckLivedOn.of),
  ...SOME_SHARE,
};

export const AWAY_P50: Figure = {
  name: "away p50",
  of: ({ deploy }) => time(deploy?.away.p50Ms),
  ...SOME_TIME,
};
export const AWAY_P99: Figure = {
  name: "away p99",
  of: ({ deploy }) => time(deploy?.away.p99Ms),
  ...SOME_TIME,
};
export const NEVER_BACK: Figure = {
  name: "never back",
  of: ({ deploy }) => deploy && shareOf(deploy.away.neverBack, deploy.away.cut),
  ...SOME_SHARE,
};

export const STORM: Figure = {
  name: "storm per cut stream",
  of: ({ deploy }) => time(deploy?.storm.peakPerCutStream),
  least: { share: 0.2, amount: 0.1 },
  format: formatCount,
};

/** Without what the engine's own lag hides. */
const delivery = (percentile: "p50" | "p99"): Figure => ({
  name: `delivery ${percentile}`,
  of: ({ latency }) => (latency?.delivery.resolved ? time(latency.delivery[percentile]) : null),
  ...SOME_TIME,
});
export const DELIVERY_P50 = delivery("p50");
export const DELIVERY_P99 = delivery("p99");

export const LOST: Figure = {
  name: "lost of published",
  of: (run) => shareOfEvents(run.lossRatio, run),
  ...SOME_SHARE,
};

/** Of results that are older than the figures above. */
export const MISSED: Figure = {
  name: "missed of due",
  of: (run) => shareOfEvents(run.missedRatio, run),
  ...SOME_SHARE,
};
export const STUCK: Figure = {
  name: "stuck streams",
  of: (run) => shareOf(run.stuckStreams, run.sessions),
  ...SOME_SHARE,
};
export const P99: Figure = {
  name: "p99 latency",
  of: ({ latencyMs }) => time(latencyMs?.p99),
  ...SOME_TIME,
};

/** What topologies under a bounce are ranked by. */
export const RANKED = [DARK, KILLED, STUCK_LIVED_ON];
export const RANKED_IN_OLDER = [LOST, MISSED, STUCK];

const ALL = [...RANKED, AWAY_P99, STORM, ...RANKED_IN_OLDER, DELIVERY_P99, P99];

/** How to write a figure, by its name. */
export const formatOf = (name: string): Figure["format"] =>
  ALL.find((figure) => figure.name === name)?.format ?? formatCount;

/** What two results of one topology under one bounce are compared by. */
export const figuresOf = (groups: readonly RunGroup[]): readonly Figure[] => {
  const have = (figure: (run: RunResult) => unknown): boolean =>
    groups.every(({ measured }) => measured.some((run) => figure(run) !== null));
  if (groups.every(({ bounce }) => bounce === STEADY))
    return have(({ latency }) => latency) ? [LOST, DELIVERY_P99] : [LOST, P99];
  return have(({ deploy }) => deploy) ? [...RANKED, AWAY_P99, STORM] : [...RANKED_IN_OLDER, P99];
};

/** What the runs say of a figure; empty if none has it. */
export const repeatsOf = (group: RunGroup, { of }: Figure): Repeat[] =>
  group.measured.map(of).filter((repeat) => repeat !== null);

export const figureMean = (group: RunGroup, figure: Figure): number => {
  const repeats = repeatsOf(group, figure);
  return repeats.length === 0 ? 0 : meanOf(repeats.map(({ value }) => value));
};

export const figureSpread = (group: RunGroup, figure: Figure): Spread | null =>
  spreadOfRepeats(repeatsOf(group, figure));

/** A figure over the repeats, written out. */
export const shownFigure = (group: RunGroup, figure: Figure): string =>
  formatSpread(figureSpread(group, figure), figure.format);

/** Nothing is asked of runs that cannot be trusted. */
export const questionOf = (a: RunGroup, b: RunGroup, figure: Figure): Question => ({
  a: a.trusted ? repeatsOf(a, figure) : [],
  b: b.trusted ? repeatsOf(b, figure) : [],
  least: figure.least,
  ...(figure.byRatio && { byRatio: true }),
});

/** `a change below 1.2 ms would not be seen`, or why there is no judgement. */
export const saysHowJudged = (
  { seen, byRatio }: Pick<Judgement, "seen" | "byRatio">,
  { format }: Figure,
): string =>
  seen === null
    ? `fewer than ${ENOUGH_REPEATS} repeats on a side`
    : format === formatPercent && seen > 1
      ? "no change would be seen"
      : `a change below ${byRatio ? formatPercent(seen) : format(seen)} would not be seen`;
