/** What the runs of a service without a ledger show, in sentences. */
import { DASH, formatCount, formatList, formatMs, formatPercent } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { type RunGroup, groupMean, shareOfDue, whenBounced } from "../summary/run-group.ts";

/** True if the service of these runs keeps no ledger. */
export const lacksLedger = ({ runs }: Pick<RunGroup, "runs">): boolean =>
  runs.some(({ withoutLedger }) => withoutLedger !== null);

/** True if its events carry numbers, so that a missing one can be seen. */
export const hasNumbers = ({ runs }: Pick<RunGroup, "runs">): boolean =>
  runs.every(({ withoutLedger }) => withoutLedger?.sequence === true);

/** Null if nothing was due. */
export const missedShare = (group: RunGroup): number | null =>
  groupMean(group, ({ due }) => due) === 0
    ? null
    : groupMean(group, (run) => shareOfDue(run, run.missed));

/** Null if no event ends a run. */
export const stuckShare = (group: RunGroup): number | null =>
  group.runs.every(({ withoutLedger }) => withoutLedger?.terminal === true)
    ? groupMean(group, ({ stuckStreams, sessions }) => stuckStreams / Math.max(1, sessions))
    : null;

export const eventsPerSession = (group: RunGroup): number =>
  groupMean(group, ({ withoutLedger }) => withoutLedger?.perSession.mean ?? null);

/** Against the control run of the same topology, as a share of its events. Null without one. */
export const changeOfEvents = (group: RunGroup, groups: readonly RunGroup[]): number | null => {
  const control = groups.find(
    ({ topology, bounce, trusted }) =>
      topology === group.topology && bounce === STEADY && trusted && group.bounce !== STEADY,
  );
  const before = control === undefined ? 0 : eventsPerSession(control);
  // Fewer than one event a session allow no comparison.
  return before < 1 ? null : eventsPerSession(group) / before - 1;
};

export const signedPercent = (share: number | null): string =>
  share === null ? DASH : `${share < 0 ? "−" : "+"}${formatPercent(Math.abs(share))}`;

const longestSilence = (group: RunGroup): string =>
  formatMs(groupMean(group, ({ withoutLedger }) => withoutLedger?.silenceMs?.max ?? null));

function costOf(group: RunGroup, groups: readonly RunGroup[]): string {
  const missed = hasNumbers(group) ? missedShare(group) : null;
  const stuck = stuckShare(group);
  const change = hasNumbers(group) ? null : changeOfEvents(group, groups);
  const parts = [
    ...(missed === null
      ? []
      : [missed === 0 ? "nothing missed" : `${formatPercent(missed)} missed`]),
    ...(change === null || change === 0
      ? []
      : [
          `${formatPercent(Math.abs(change))} ${change < 0 ? "fewer" : "more"} events than in ` +
            "steady state",
        ]),
    ...(stuck === null || stuck === 0 ? [] : [`${formatPercent(stuck)} of streams stuck`]),
    ...(missed === null && !stuck ? [`at most ${longestSilence(group)} of silence`] : []),
  ];
  return `${group.topology} (${parts.join(", ")})`;
}

/** One sentence per bounce, and one on what the figures mean. Empty with ledgers. */
export const withoutLedgerSentences = (all: readonly RunGroup[]): string[] => {
  const groups = all.filter((group) => lacksLedger(group) && group.trusted);
  if (!all.some(lacksLedger)) return [];
  if (groups.length === 0)
    return ["No run can be trusted, so nothing can be said of this service."];
  return [
    ...[...new Set(groups.map(({ bounce }) => bounce))].map((bounce) => {
      const here = groups.filter((group) => group.bounce === bounce);
      return `${whenBounced(bounce)}: ${formatList(here.map((group) => costOf(group, groups)))}.`;
    }),
    groups.every(hasNumbers)
      ? "The service keeps no ledger, so missed events were lost or never published."
      : "The events carry no numbers, so single losses cannot be seen: compare with steady state.",
  ];
};

/** `12 of 40`, or a dash. */
export const countOfStreams = (count: number, of: number): string =>
  of === 0 ? DASH : `${formatCount(Math.round(count))} of ${formatCount(Math.round(of))}`;
