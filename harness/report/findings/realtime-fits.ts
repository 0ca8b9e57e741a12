/** What the figures say for and against topologies whose clients subscribe to Realtime directly. */
import type { RunResult } from "../../checker/run-result.ts";
import { judgeDifferences } from "../../checker/statistics/judge-differences.ts";
import { LOST, MISSED, questionOf } from "../summary/figures.ts";
import { formatBytes, formatList, formatMs } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { groupBy } from "../../../common/portable/group-by.ts";
import { names, percentOf, worst } from "./phrases.ts";
import { cutsOf, OUTAGE } from "./realtime-findings.ts";
import { duringBounce, groupFigure, groupSpread, type RunGroup } from "../summary/run-group.ts";
import { isDirect, isStandIn } from "../realtime-implementation-note.ts";

/** Figures of which less is better, and the phrase for a smaller one. */
const CRITERIA = [
  { figure: LOST, less: "a smaller share of published events was lost" },
  { figure: MISSED, less: "a smaller share of events was missed" },
];

/**
 * What speaks for and against each direct topology.
 * @param usable groups that allow conclusions
 */
export const realtimeFits = (usable: readonly RunGroup[]): string[] =>
  groupBy(usable.filter(isDirect), (group) => group.topology).flatMap((same) => [
    inFavour(same, usable),
    against(same),
  ]);

const inFavour = (same: readonly RunGroup[], usable: readonly RunGroup[]): string => {
  const [{ topology } = { topology: "" }] = same;
  const bounced = same.filter((group) => group.bounce !== STEADY && group.bounce !== OUTAGE);
  const beside = (group: RunGroup): RunGroup[] =>
    usable.filter((other) => other.bounce === group.bounce && !isDirect(other));
  const pairs = bounced.flatMap((group) =>
    CRITERIA.flatMap((criterion) => beside(group).map((other) => ({ group, other, criterion }))),
  );
  const judgements = judgeDifferences(
    pairs.map(({ group, other, criterion }) => questionOf(group, other, criterion.figure)),
  );
  const gained = pairs.filter((_, index) => judgements[index]?.direction === "higher");
  const gains = groupBy(gained, ({ group, criterion }) => group.bounce + criterion.less).map(
    (same) =>
      `${duringBounce(same[0].group.bounce)}, ${same[0].criterion.less} than in ` +
      names(same.map(({ other }) => other)),
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
  const where = formatList(uncut.map(({ bounce }) => duringBounce(bounce)));
  const kept =
    uncut.length === 0 ? [] : [`no stream was cut ${where}, unlike in ${formatList([...cutOnes])}`];
  if (gains.length > 0) return `In favour of ${topology}: ${[...kept, ...gains].join("; ")}.`;
  if (bounced.every((group) => beside(group).length === 0))
    return (
      `These figures cannot favour ${topology}: no bounce of the app was measured ` +
      "both with it and with a topology without Realtime."
    );
  const nothing = "no bounce of the app reduced losses or missed events by more than chance";
  return kept.length > 0
    ? `In favour of ${topology}: only that ${kept.join("")}; ${nothing}.`
    : `Nothing measured favours ${topology}: ${nothing}.`;
};

const isCut = (group: RunGroup): boolean => worst(group, (run) => cutsOf(run) ?? 0) > 0;

const against = (same: readonly RunGroup[]): string => {
  const [{ topology } = { topology: "" }] = same;
  const outage = same.find((group) => group.bounce === OUTAGE);
  const steady = same.find((group) => group.bounce === STEADY);
  const quota = same.filter((group) => worst(group, (run) => run.lostByCause.quota) > 0);
  const late = same.filter((group) => !quota.includes(group) && heldBackMs(group) > 0);
  const code = Math.max(
    ...same.flatMap(({ runs }) => runs.map(({ realtime }) => realtime?.frontEnd.gzippedBytes ?? 0)),
  );
  const p99 = (run: RunResult): number | null => run.latencyMs?.p99 ?? null;
  const points = [
    outage === undefined
      ? "one more component whose outage cuts every stream (not measured here)"
      : outageCost(outage),
    ...quota.map((group) => `limits that made it lose events ${duringBounce(group.bounce)}`),
    ...late.map(
      (group) =>
        `limits that held its events back for up to ${formatMs(heldBackMs(group))} ` +
        duringBounce(group.bounce),
    ),
    `${formatBytes(code)} of gzipped client code`,
    ...(steady !== undefined && !isStandIn(steady) && groupSpread(steady, p99) !== null
      ? [
          `an extra hop for every event (p99 latency ${groupFigure(steady, p99, formatMs)} ` +
            "in steady state)",
        ]
      : []),
  ];
  const latency = same.some(isStandIn)
    ? " Its latency was measured on a stand-in, so do not choose by it."
    : "";
  return `Against ${topology}: ${formatList(points)}.${latency}`;
};

const heldBackMs = (group: RunGroup): number => worst(group, (run) => run.quota?.heldBackMs ?? 0);

const outageCost = (outage: RunGroup): string => {
  const cut =
    groupSpread(outage, cutsOf) === null ? "streams" : `${groupFigure(outage, cutsOf)} streams`;
  const lost = percentOf(outage, (run) => run.lossRatio);
  return `one more component, whose outage cut ${cut} and lost ${lost} of published events`;
};
