/** How checks read figures of results. */
import type { RunResult } from "../checker/run-result.ts";
import {
  intervalOf,
  judgeDifferences,
  meanOf,
  type Repeat,
} from "../checker/statistics/judge-differences.ts";
import { fullestShare } from "../report/findings/affinity-findings.ts";
import { formatCount, formatPercent } from "../report/format.ts";
import { type Figure, questionOf, repeatsOf } from "../report/summary/figures.ts";
import { deviationOf } from "../report/summary/killed-share.ts";
import {
  bounceLabel,
  formatSpread,
  groupRuns,
  type RunGroup,
  spreadOfRepeats,
} from "../report/summary/run-group.ts";
import type { Summary } from "../report/summary/summary.ts";
import type { Check, Evidence, Missing, Reading } from "./claim.ts";
import type { Facts } from "./facts.ts";

type Bounce = RunResult["bounce"];
type Limit = Pick<Check, "is" | "limit">;
type Measured = Pick<Figure, "name" | "of" | "format">;

export const atLeast = (limit: number): Limit => ({ is: "at least", limit });
export const atMost = (limit: number): Limit => ({ is: "at most", limit });

/** Of the runs of one topology under one bounce. */
export const figureOf = (
  figure: Measured,
  topology: string,
  bounce: Bounce,
  limit: Limit,
): Check => ({
  what: `${figure.name}, ${topology}, ${bounceLabel(bounce)}`,
  ...limit,
  format: figure.format,
  read: ({ results }) => {
    for (const { path, summary } of results) {
      const group = groupOf(summary, topology, bounce);
      const repeats = group?.measured.map(figure.of).filter((repeat) => repeat !== null) ?? [];
      if (repeats.length > 0) return readingOf(repeats, figure.format, path);
    }
    return { missing: `no trusted run of ${topology}, ${bounceLabel(bounce)}` };
  },
});

/** How a figure of one topology is to that of another in the same result: their quotient. */
export const ratioOf = (
  figure: Figure,
  [of, to]: readonly [of: string, to: string],
  bounce: Bounce,
  limit: Limit,
  refusal: (group: RunGroup) => string | null = () => null,
): Check => ({
  what: `${figure.name}, ${of} to ${to}, ${bounceLabel(bounce)}`,
  ...limit,
  format: times,
  read: ({ results }) => {
    for (const { path, summary } of results) {
      const [a, b] = [groupOf(summary, to, bounce), groupOf(summary, of, bounce)];
      if (a === undefined || b === undefined) continue;
      const why = refusal(b);
      if (why !== null) return { missing: why };
      const reading = quotient(a, b, figure, path);
      if (reading !== null) return reading;
    }
    return { missing: `no result with ${figure.name} of ${of} and of ${to} in enough repeats` };
  },
});

function quotient(a: RunGroup, b: RunGroup, figure: Figure, source: string): Reading | null {
  const base = meanOf(repeatsOf(a, figure).map(({ value }) => value));
  const [judged] = judgeDifferences([questionOf(a, b, figure)]);
  if (judged?.interval == null || judged.change === null || !(base > 0)) return null;
  const scaled = (change: number): number => (judged.byRatio ? change : (base + change) / base);
  const [value, low, high] = [judged.change, ...judged.interval].map(scaled) as [
    number,
    number,
    number,
  ];
  const shown = `${times(value)} [${times(Math.max(0, low))}–${times(high)}]`;
  return { value, low, high, shown, source };
}

const times = (value: number): string => `x ${value.toFixed(2)}`;

type Step = NonNullable<RunResult["steps"]>[number];

/** Of one step of the migration. */
export const stepShare = (
  name: string,
  step: string,
  share: (step: Step) => { hits: number; of: number },
  limit: Limit,
): Check => ({
  what: `${name}, migration, step "${step}"`,
  ...limit,
  format: formatPercent,
  read: ({ results }) => {
    for (const { path, summary } of results)
      for (const { steps, verdict } of summary.runs) {
        const found = verdict === "unknown" ? undefined : steps?.find((one) => one.name === step);
        if (found === undefined) continue;
        const { hits, of } = share(found);
        if (of === 0) continue;
        const { sessions } = summary.scenario;
        // The events of one session share its fate.
        const deviation = deviationOf((hits / of) * sessions, sessions);
        const repeat = { value: hits / of, sessions: { deviation, count: sessions } };
        return readingOf([repeat], formatPercent, path);
      }
    return { missing: "no migration that can be trusted" };
  },
});

/** What the sources say. */
export const factOf = (
  name: keyof Facts,
  what: string,
  limit: Limit,
  format: (value: number) => string = formatCount,
): Check => ({
  what,
  ...limit,
  format,
  read: ({ facts }: Evidence) => {
    const value = facts[name];
    return { value, low: value, high: value, shown: format(value), source: null };
  },
});

const groupOf = (summary: Summary, topology: string, bounce: Bounce): RunGroup | undefined =>
  groupRuns(summary.runs).find(
    (group) => group.topology === topology && group.bounce === bounce && group.trusted,
  );

/** Without an interval of the mean, from the lowest to the highest repeat. */
function readingOf(
  repeats: readonly Repeat[],
  format: Figure["format"],
  source: string,
): Reading | Missing {
  const values = repeats.map(({ value }) => value);
  const { low, high } = intervalOf(repeats) ?? {
    low: Math.min(...values),
    high: Math.max(...values),
  };
  return {
    value: meanOf(values),
    low: Math.max(0, low),
    high,
    shown: formatSpread(spreadOfRepeats(repeats), format),
    source,
  };
}

const share = (hits: number, of: number): Repeat | null =>
  of === 0 ? null : { value: hits / of, sessions: { deviation: deviationOf(hits, of), count: of } };

const plain = (value: number | null): Repeat | null => (value === null ? null : { value });

export const HIT_RATIO: Measured = {
  name: "requests that stay on their instance",
  of: ({ affinity }) => plain(affinity.hitRatio),
  format: formatPercent,
};
export const NO_ROUTE: Measured = {
  name: "share of the lost events that had no route",
  of: (run) => share(run.lostByCause["no-route"], run.lost),
  format: formatPercent,
};
export const CUTS: Measured = {
  name: "cuts per open stream",
  of: ({ deploy }) =>
    deploy === null || deploy.open === 0 ? null : plain(deploy.away.cut / deploy.open),
  format: formatPercent,
};
/** 100 %: as many streams as on every other instance. */
export const FULLEST: Measured = {
  name: "streams of the fullest instance, of an equal share",
  of: (run) => {
    const fullest = fullestShare(run, "last");
    return plain(fullest && fullest * Object.keys(run.sessionsPerInstance).length);
  },
  format: formatPercent,
};
export const FULLEST_OF_ALL: Measured = {
  name: "share of all sessions on the fullest instance",
  of: (run) => plain(fullestShare(run, "last")),
  format: formatPercent,
};
export const UNPUBLISHED: Measured = {
  name: "due events that were never published",
  of: (run) => share(run.neverPublished, run.due),
  format: formatPercent,
};
export const PAGE_CODE: Measured = {
  name: "code that a page loads, bytes",
  of: ({ realtime }) => plain(realtime?.frontEnd.minifiedBytes ?? null),
  format: formatCount,
};
