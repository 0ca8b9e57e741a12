/** What the steps of a migration cost, in words. */
import type { RunResult } from "../../checker/run-result.ts";
import { formatCount, formatList, formatNumberOf } from "../format.ts";
import { causesOf, type Step } from "../tables/step-table.ts";

const cost = ({ lost, neverPublished }: Step): number => lost + neverPublished;

const isQuiet = (step: Step): boolean =>
  cost(step) + step.cut + step.failed.requests + step.failed.streams === 0;

const named = (steps: readonly Step[]): string =>
  formatList(steps.map(({ name }) => `\u201c${name}\u201d`));

/** Without the time before the first one. Empty for a run without trust. */
const walkedIn = ({ steps, verdict }: RunResult): readonly Step[] =>
  verdict === "unknown" ? [] : (steps ?? []).slice(1);

const costOf = (step: Step): string =>
  `lost ${formatCount(step.lost)} of ${formatCount(step.due)} due events (${causesOf(step)}), and ` +
  `${formatCount(step.neverPublished)} were never published`;

/** One sentence each. */
export function migrationFindings(run: RunResult): string[] {
  const walked = walkedIn(run);
  const quiet = walked.filter(isQuiet);
  const lossless = walked.filter((step) => !isQuiet(step) && cost(step) === 0);
  return [
    ...(quiet.length === 0
      ? []
      : [`No client noticed ${named(quiet)}: nothing was lost, cut or refused.`]),
    ...(lossless.length === 0
      ? []
      : [`Streams were cut or requests failed, but nothing was lost, in ${named(lossless)}.`]),
    ...walked.filter((step) => cost(step) > 0).map((step) => `${named([step])} ${costOf(step)}.`),
  ];
}

/** The answer of a migration: what costs nothing, and what costs most. Null without one. */
export function migrationAnswer(runs: readonly RunResult[]): string[] | null {
  const walked = runs.flatMap(walkedIn);
  if (walked.length === 0) return null;
  const free = walked.filter((step) => cost(step) === 0);
  const [worst] = walked.toSorted((a, b) => cost(b) / (b.due || 1) - cost(a) / (a.due || 1));
  const first =
    free.length === 0
      ? `Each of ${formatNumberOf(walked.length, "step")} cost events.`
      : `Of ${formatNumberOf(walked.length, "step")}, ${formatCount(free.length)} cost no event: ` +
        `${named(free)}.`;
  if (worst === undefined || cost(worst) === 0) return [first];
  return [first, `The costliest is ${named([worst])}: it ${costOf(worst)}.`];
}
