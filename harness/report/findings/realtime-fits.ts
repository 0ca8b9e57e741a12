/** What the measured figures say for and against a topology whose clients subscribe to Realtime directly, for somebody who has to choose. */
import type { RunResult } from "../../checker/run-result.ts";
import { judgeDifference } from "../summary/difference.ts";
import { formatBytes, formatList, formatMs } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { groupBy } from "../../../common/portable/group-by.ts";
import { names, percentOf, worst } from "./phrases.ts";
import { cutsOf, OUTAGE } from "./realtime-findings.ts";
import {
  bounceLabel,
  groupFigure,
  groupSpread,
  lostOfPublished,
  ratioSample,
  type RunGroup,
} from "../summary/run-group.ts";
import { isDirect, isStandIn } from "../realtime-implementation-note.ts";

/** A figure of which less is better, and what a smaller one is called. */
interface Criterion {
  figure: (run: RunResult) => number;
  less: string;
}

const CRITERIA: readonly Criterion[] = [
  { figure: lostOfPublished, less: "a smaller share lost of what was published" },
  { figure: (run) => run.missedRatio, less: "a smaller share missed" },
];

/** By more than chance, as everywhere: see `HOW_JUDGED`. */
const isLess = (group: RunGroup, other: RunGroup, { figure }: Criterion): boolean =>
  judgeDifference(ratioSample(group, figure), ratioSample(other, figure)).direction === "higher";

/** Two sentences for each direct topology. `usable`: groups that conclusions may be drawn from. */
export const realtimeFits = (usable: readonly RunGroup[]): string[] =>
  groupBy(usable.filter(isDirect), (group) => group.topology).flatMap((same) => [
    whatSpeaksFor(same, usable),
    whatSpeaksAgainst(same),
  ]);

const whatSpeaksFor = (same: readonly RunGroup[], usable: readonly RunGroup[]): string => {
  const [{ topology } = { topology: "" }] = same;
  const bounced = same.filter((group) => group.bounce !== STEADY && group.bounce !== OUTAGE);
  const beside = (group: RunGroup): RunGroup[] =>
    usable.filter((other) => other.bounce === group.bounce && !isDirect(other));
  const gains = bounced.flatMap((group) =>
    CRITERIA.flatMap((criterion) => {
      const worse = beside(group).filter((other) => isLess(group, other, criterion));
      return worse.length === 0
        ? []
        : [`across ${bounceLabel(group.bounce)} ${criterion.less} than in ${names(worse)}`];
    }),
  );
  const uncut = bounced.filter(
    (group) => worst(group, (run) => cutsOf(run) ?? 1) === 0 && beside(group).some(isCut),
  );
  const cutOnes = new Set(
    uncut
      .flatMap(beside)
      .filter(isCut)
      .map(({ topology }) => topology),
  );
  const where = formatList(uncut.map(({ bounce }) => bounceLabel(bounce)));
  const kept =
    uncut.length === 0
      ? []
      : [`none of its streams was cut across ${where}, unlike in ${formatList([...cutOnes])}`];
  if (gains.length > 0) return `For ${topology} speaks: ${[...kept, ...gains].join("; ")}.`;
  if (bounced.every((group) => beside(group).length === 0))
    return `Nothing measured here can speak for ${topology}: no bounce of the app was measured with it and with a topology without Realtime.`;
  const nothing =
    "in no bounce of the app was less lost or missed than in a topology without Realtime, beyond chance";
  return kept.length > 0
    ? `For ${topology} speaks only that ${kept.join("")}: ${nothing}.`
    : `Nothing measured here speaks for ${topology}: ${nothing}.`;
};

const whenOf = ({ bounce }: RunGroup): string =>
  bounce === STEADY ? "undisturbed" : `across ${bounceLabel(bounce)}`;

const isCut = (group: RunGroup): boolean => worst(group, (run) => cutsOf(run) ?? 0) > 0;

const whatSpeaksAgainst = (same: readonly RunGroup[]): string => {
  const [{ topology } = { topology: "" }] = same;
  const outage = same.find((group) => group.bounce === OUTAGE);
  const steady = same.find((group) => group.bounce === STEADY);
  const quota = same.filter((group) => worst(group, (run) => run.lostByCause.quota) > 0);
  const late = same.filter(
    (group) => !quota.includes(group) && worst(group, (run) => run.quota?.heldBackMs ?? 0) > 0,
  );
  const code = Math.max(
    ...same.flatMap(({ runs }) => runs.map(({ realtime }) => realtime?.frontEnd.gzippedBytes ?? 0)),
  );
  const points = [
    outage === undefined
      ? "one more part whose outage cuts everyone (what that costs was not measured here)"
      : `one more part, whose outage cut ${groupSpread(outage, cutsOf) === null ? "streams" : `${groupFigure(outage, cutsOf)} streams`} and lost ${percentOf(outage, (run) => run.lossRatio)} of what was due`,
    ...quota.map((group) => `limits, to which it lost events ${whenOf(group)}`),
    ...late.map(
      (group) =>
        `limits, for which its events were held back for up to ${formatMs(worst(group, (run) => run.quota?.heldBackMs ?? 0))} ${whenOf(group)}`,
    ),
    `${formatBytes(code)} of client code, gzipped`,
    ...(steady !== undefined &&
    !isStandIn(steady) &&
    groupSpread(steady, (run) => run.latencyMs?.p99 ?? null) !== null
      ? [
          `a way of its own for every event (p99 ${groupFigure(steady, (run) => run.latencyMs?.p99 ?? null, formatMs)} in steady state)`,
        ]
      : []),
  ];
  const latency = same.some(isStandIn)
    ? " Its latency was a stand-in's, so nothing can be chosen by it."
    : "";
  return `Against ${topology} speaks: ${formatList(points)}.${latency}`;
};
