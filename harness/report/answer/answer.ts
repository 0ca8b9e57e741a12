/** The answer in two sentences and a few rows: what a deploy costs, and which topology fits. */
import { migrationAnswer } from "../findings/migration-findings.ts";
import { DEPLOYS, exposedName } from "../summary/killed-share.ts";
import type { RunResult } from "../../checker/run-result.ts";
import { conclusive, percentOf, worst } from "../findings/phrases.ts";
import { othersThat, rankAll } from "../findings/ranking.ts";
import { formatList, formatNumberOf } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { topologyLabel } from "../realtime-implementation-note.ts";
import type { Estimated } from "../summary/estimated.ts";
import { DARK, type Figure, figureMean, KILLED, RANKED, repeatsOf } from "../summary/figures.ts";
import { groupRuns, type RunGroup, runsNote } from "../summary/run-group.ts";
import type { Summary } from "../summary/summary.ts";
import { withoutLedgerSentences } from "../without-ledger/sentences.ts";
import { stuckChance } from "./stuck-chance.ts";

/** What the answer assumes of the reader; `sse-lab estimate` takes other numbers. */
export const DEPLOYS_PER_DAY = 8;

/** Lengths of pipelines that the answer names, seconds. */
export const PIPELINES = [
  { lengthS: 15, label: "15 s" },
  { lengthS: 60, label: "1 min" },
  { lengthS: 300, label: "5 min" },
  { lengthS: 900, label: "15 min" },
] as const;

export interface AnswerRow {
  group: RunGroup;
  label: string;
  /** Loses events without any deploy: this share. Null for topologies that do not. */
  lossyBy: string | null;
  /** Of a pipeline of each of {@link PIPELINES}. Null if the load does not tell. */
  chances: readonly (Estimated | null)[];
}

export interface Answer {
  /** What deploys are measured by. Null: no deploy was. */
  bounce: RunResult["bounce"] | null;
  sentences: readonly string[];
  /** Best first, those that lose events without a deploy last. */
  rows: readonly AnswerRow[];
}

/** `one rolling deploy`, `one crash`. */
export const whatBounce = (bounce: RunResult["bounce"]): string =>
  `one ${DEPLOYS.includes(bounce) ? `${bounce} deploy` : bounce}`;

const meanFigure = (group: RunGroup, figure: Figure): string =>
  figure.format(repeatsOf(group, figure).length === 0 ? null : figureMean(group, figure));

/** Means alone: the rows have the intervals. */
const costOf = (group: RunGroup): string =>
  `${meanFigure(group, DARK)} of events and ${meanFigure(group, KILLED)} of ` +
  exposedName(group.measured);

/** Groups that no other beats in any ranked figure, best first, and all others. */
const sorted = (groups: readonly RunGroup[]): { best: RunGroup[]; rest: RunGroup[] } => {
  const rankings = rankAll(RANKED.map((figure: Figure) => ({ groups, figure })));
  const defeats = (group: RunGroup): number =>
    rankings.filter((ranking) =>
      othersThat(ranking, "higher").some((other) => other.group === group),
    ).length;
  const places = (group: RunGroup): number =>
    rankings.reduce(
      (sum, { first, others }) =>
        sum + (group === first ? 0 : 1 + others.findIndex((other) => other.group === group)),
      0,
    );
  const inOrder = [...groups].sort((a, b) => defeats(a) - defeats(b) || places(a) - places(b));
  return {
    best: inOrder.filter((group) => defeats(group) === 0),
    rest: inOrder.filter((group) => defeats(group) > 0),
  };
};

const label = (group: RunGroup): string => topologyLabel(group) + runsNote(group);

/** The answer, by rules over the figures alone. */
export const answerOf = ({ runs, scenario }: Summary): Answer => {
  const migrated = migrationAnswer(runs);
  if (migrated !== null) return { bounce: null, rows: [], sentences: migrated };
  const untold = withoutLedgerSentences(groupRuns(runs));
  if (untold.length > 0) return { bounce: null, rows: [], sentences: untold };
  const usable = conclusive(groupRuns(runs));
  const steady = usable.filter((group) => group.bounce === STEADY);
  const lossy = steady.filter((group) => worst(group, (run) => run.lost) > 0);
  const isLossy = ({ topology }: RunGroup): boolean =>
    lossy.some((other) => other.topology === topology);
  const bounced = usable.filter(
    (group) => group.bounce !== STEADY && group.measured.some(({ deploy }) => deploy !== null),
  );
  // The first of these that was measured stands for a deploy.
  const bounce =
    DEPLOYS.find((kind) => bounced.some((group) => group.bounce === kind)) ??
    bounced[0]?.bounce ??
    null;
  const { best, rest } = sorted(
    bounced.filter((group) => group.bounce === bounce && !isLossy(group)),
  );
  const rows = [
    ...[...best, ...rest].map((group) => ({
      group,
      label: label(group),
      lossyBy: null,
      chances: PIPELINES.map(({ lengthS }) =>
        stuckChance(group, scenario, { lengthS, deploysPerDay: DEPLOYS_PER_DAY }),
      ),
    })),
    ...lossy.map((group) => ({
      group,
      label: label(group),
      lossyBy: percentOf(group, (run) => run.lossRatio),
      chances: [],
    })),
  ];
  const lossless = steady.length > lossy.length;
  return { bounce, rows, sentences: sentencesOf({ bounce, best, rest, lossy, lossless, usable }) };
};

interface Told {
  bounce: Answer["bounce"];
  best: readonly RunGroup[];
  rest: readonly RunGroup[];
  lossy: readonly RunGroup[];
  /** Steady state was measured, and some topology lost nothing in it. */
  lossless: boolean;
  usable: readonly RunGroup[];
}

const sentencesOf = ({ bounce, best, rest, lossy, lossless, usable }: Told): string[] => {
  if (usable.length === 0)
    return ["No run can be trusted, so these figures do not show which topology fits."];
  const without = lossy.map(
    (group) => `${group.topology} loses ${percentOf(group, (run) => run.lossRatio)} of events`,
  );
  const undisturbed =
    without.length === 0 ? null : `${formatList(without)} even without any deploy`;
  if (bounce === null || best.length + rest.length === 0) {
    const why =
      bounce === null
        ? "no deploy was measured"
        : "every topology whose deploy was measured loses events without one";
    return [
      `Which topology fits cannot be said: ${why}.`,
      ...(undisturbed === null ? [] : [`${undisturbed}.`]),
    ];
  }
  const [winner] = best;
  const lossFree = lossless ? "it lost nothing in steady state, and " : "";
  const first =
    winner === undefined
      ? `No topology is best in everything: ${whatBounce(bounce)} costs one stream ` +
        `${formatList(rest.map((group) => `${costOf(group)} in ${group.topology}`))}.`
      : best.length > 1
        ? `${formatList(best.map(({ topology }) => topology))} fit alike, as far as ` +
          `${formatNumberOf(winner.measured.length, "repeat")} can tell: ${whatBounce(bounce)} costs ` +
          `one stream ${formatList(best.map((group) => `${costOf(group)} in ${group.topology}`))}.`
        : `${rest.length > 0 ? `${winner.topology} fits best` : `Only ${winner.topology} can be judged`}: ` +
          `${lossFree}${whatBounce(bounce)} costs one of its streams ${costOf(winner)}.`;
  const [next] = winner === undefined ? [] : rest;
  const nextClause =
    next === undefined ? null : `${next.topology}, the next best, costs ${costOf(next)}`;
  const second = [nextClause, undisturbed].filter((clause) => clause !== null).join("; ");
  return second === "" ? [first] : [first, `${second}.`];
};
