/** The table of a service without a ledger, in report.md and the terminal. */
import { MISSED_PLACES } from "../../checker/judge/counts.ts";
import { DASH, formatCount, formatMs, formatPercent } from "../format.ts";
import { topologyLabel } from "../realtime-implementation-note.ts";
import { NEVER_BACK, shownFigure, AWAY_P99 } from "../summary/figures.ts";
import {
  bounceLabel,
  groupFigure,
  groupMean,
  groupVerdict,
  type RunGroup,
  runsNote,
  shareOfDue,
} from "../summary/run-group.ts";
import type { ComparisonColumn } from "../tables/comparison-columns.ts";
import {
  changeOfEvents,
  countOfStreams,
  hasNumbers,
  lacksLedger,
  signedPercent,
  stuckShare,
} from "./sentences.ts";

const column = (
  heading: string,
  dispensable: number,
  cell: (group: RunGroup) => string,
): ComparisonColumn => ({ heading, align: "r", dispensable, cell });

const missedCell = (group: RunGroup): string =>
  hasNumbers(group)
    ? groupFigure(group, (run) => shareOfDue(run, run.missed), formatPercent)
    : DASH;

const stuckCell = (group: RunGroup): string =>
  stuckShare(group) === null
    ? DASH
    : countOfStreams(
        groupMean(group, ({ stuckStreams }) => stuckStreams),
        groupMean(group, ({ sessions }) => sessions),
      );

const deployCell = (group: RunGroup): string =>
  hasNumbers(group)
    ? groupFigure(group, ({ deploy }) => deploy?.withoutLedger?.missed.mean ?? null)
    : DASH;

const stuckSinceCell = (group: RunGroup): string =>
  stuckShare(group) === null
    ? DASH
    : countOfStreams(
        groupMean(group, ({ deploy }) => deploy?.withoutLedger?.stuck ?? null),
        groupMean(group, ({ deploy }) => deploy?.withoutLedger?.of ?? null),
      );

/** @param groups all of the summary: figures without numbers are compared with steady state */
export const withoutLedgerColumns = (groups: readonly RunGroup[]): readonly ComparisonColumn[] => [
  {
    heading: "topology",
    align: "l",
    dispensable: 0,
    cell: (group) => topologyLabel(group) + runsNote(group),
  },
  { heading: "bounce", align: "l", dispensable: 0, cell: ({ bounce }) => bounceLabel(bounce) },
  { heading: "verdict", align: "l", dispensable: 0, cell: groupVerdict },
  column("missed", 0, missedCell),
  column("stuck streams", 0, stuckCell),
  column("missed since the deploy", 2, deployCell),
  column("stuck since the deploy", 1, stuckSinceCell),
  ...(groups.filter(lacksLedger).every(hasNumbers)
    ? []
    : [
        column("events per session", 3, (group) =>
          groupFigure(group, ({ withoutLedger }) => withoutLedger?.perSession.mean ?? null),
        ),
        column("against steady state", 3, (group) => signedPercent(changeOfEvents(group, groups))),
      ]),
  column("longest silence p99", 5, (group) =>
    groupFigure(group, ({ withoutLedger }) => withoutLedger?.silenceMs?.p99 ?? null, formatMs),
  ),
  column("away p99", 4, (group) => shownFigure(group, AWAY_P99)),
  column("never back", 6, (group) => shownFigure(group, NEVER_BACK)),
];

/** Where the missed events lie, as counts. */
export const MISSED_COLUMNS: readonly ComparisonColumn[] = MISSED_PLACES.map((place) =>
  column(place.replaceAll("-", " "), 0, (group) =>
    groupFigure(group, ({ withoutLedger }) => withoutLedger?.missedIn[place] ?? null, formatCount),
  ),
);

export const WITHOUT_LEDGER_LEGEND =
  "Missed: share of due events that never arrived, lost or never published. Since the deploy: of " +
  "streams that received events until it began. Silence: a stream's longest time without an " +
  "event, up to the drain if no end came. A dash: the events of this service cannot tell.";

export const MISSED_LEGEND =
  "Missed events by place: of sessions without a stream, of streams on which nothing arrived, " +
  "between two events of one stream, between two streams of a session, or after the last event " +
  "that arrived.";
