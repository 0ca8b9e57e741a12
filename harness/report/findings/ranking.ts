/** Which topology has least of a figure, and which cannot be told apart from it. */
import {
  ENOUGH_REPEATS,
  type Judgement,
  judgeDifferences,
} from "../../checker/statistics/judge-differences.ts";
import { formatList, formatPercent } from "../format.ts";
import { type Figure, figureMean, questionOf, repeatsOf, shownFigure } from "../summary/figures.ts";
import type { RunGroup } from "../summary/run-group.ts";

interface Asked {
  groups: readonly RunGroup[];
  figure: Figure;
}

export interface Ranking extends Asked {
  /** The one with the least. Null without two groups that have the figure. */
  first: RunGroup | null;
  /** All others, by their figure, with how each differs from the first. */
  others: { group: RunGroup; judgement: Judgement }[];
}

/**
 * Ranks several times at once. All pairs are judged, not those with the first alone: which one is
 * first is known only after looking.
 */
export const rankAll = (asked: readonly Asked[]): Ranking[] => {
  const rankings = asked.map(({ groups, figure }) => {
    const sorted = groups
      .filter((group) => repeatsOf(group, figure).length > 0)
      .sort((a, b) => figureMean(a, figure) - figureMean(b, figure));
    const pairs = sorted.flatMap((a, index) => sorted.slice(index + 1).map((b) => ({ a, b })));
    return { groups, figure, sorted, pairs };
  });
  const judgements = judgeDifferences(
    rankings.flatMap(({ pairs, figure }) => pairs.map(({ a, b }) => questionOf(a, b, figure))),
  );
  return rankings.map(({ groups, figure, sorted, pairs }) => {
    const own = judgements.splice(0, pairs.length);
    const [first, ...others] = sorted;
    return {
      groups,
      figure,
      first: first !== undefined && others.length > 0 ? first : null,
      others: others.map((group, index) => ({ group, judgement: own[index] as Judgement })),
    };
  });
};

/** Those of the others that differ from the first, or do not, or were not judged. */
export const othersThat = (
  { others }: Ranking,
  direction: Judgement["direction"],
): { group: RunGroup; judgement: Judgement }[] =>
  others.filter(({ judgement }) => judgement.direction === direction);

/**
 * `phase2 (0.25 s) lost least; phase1 (1.65 s) lost more`, with the groups that cannot be told
 * apart or were not judged. Null if there is nothing to choose between.
 */
export const rankClause = (
  ranking: Ranking,
  { least, more }: { least: string; more: string },
): string | null => {
  const { first, figure } = ranking;
  if (first === null) return null;
  const shown = (group: RunGroup): string => `${group.topology} (${shownFigure(group, figure)})`;
  const list = (ones: readonly { group: RunGroup }[]): string =>
    formatList(ones.map(({ group }) => shown(group)));
  const worse = othersThat(ranking, "higher");
  const alike = othersThat(ranking, "none seen");
  const unjudged = othersThat(ranking, "not judged");
  const seen = (): string => {
    const widest = alike.reduce((a, b) =>
      (b.judgement.seen ?? 0) > (a.judgement.seen ?? 0) ? b : a,
    ).judgement;
    return (widest.byRatio ? formatPercent : figure.format)(widest.seen);
  };
  return [
    worse.length > 0
      ? `${shown(first)} ${least}; ${list(worse)} ${more}`
      : alike.length > 0
        ? null
        : `${shown(first)} ${least}, as far as measured`,
    alike.length === 0
      ? null
      : `${worse.length > 0 ? first.topology : shown(first)} and ${list(alike)} cannot be told ` +
        `apart: a difference below ${seen()} would not be seen`,
    unjudged.length === 0
      ? null
      : `${list(unjudged)} ${unjudged.length === 1 ? "is" : "are"} not judged, as that takes ` +
        `${ENOUGH_REPEATS} repeats`,
  ]
    .filter((part) => part !== null)
    .join("; ");
};
