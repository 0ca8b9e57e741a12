/**
 * The headline: steady state, and what a deploy does, in units that carry over to another run
 * length, rate and size. Rows are topologies, under one bounce each.
 */
import { exposedOf, killedLegend } from "../summary/killed-share.ts";
import type { RunResult } from "../../checker/run-result.ts";
import { capitalise, DASH, formatCount, formatMs, formatPercent } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { topologyLabel } from "../realtime-implementation-note.ts";
import {
  AWAY_P50,
  AWAY_P99,
  DARK,
  DOOMED,
  type Figure,
  KILLED,
  repeatsOf,
  shownFigure,
  STORM,
  STUCK_LIVED_ON,
} from "../summary/figures.ts";
import {
  bounceLabel,
  groupFigure,
  groupMean,
  groupVerdict,
  type RunGroup,
  runsNote,
} from "../summary/run-group.ts";
import type { ComparisonColumn } from "./comparison-columns.ts";

/** Settings of the server under test, as the manifest has them. */
export type Settings = Readonly<Record<string, string | number | boolean | null>>;

/** True if runs have these figures; older results do not. */
export const hasHeadline = (groups: readonly RunGroup[]): boolean =>
  groups.some(({ measured }) => measured.some(({ deploy, steady }) => deploy ?? steady));

export const steadyGroups = (groups: readonly RunGroup[]): RunGroup[] =>
  groups.filter(({ bounce }) => bounce === STEADY);
export const deployGroups = (groups: readonly RunGroup[]): RunGroup[] =>
  groups.filter(({ bounce }) => bounce !== STEADY);

type Part = NonNullable<RunResult["latency"]>["delivery"];

/** A percentile, or the bound that the instrument leaves: `at most 3.1 ms`. */
export const boundCell =
  (part: (run: RunResult) => Part | null, percentile: "p50" | "p99") =>
  (group: RunGroup): string => {
    const shown = groupFigure(group, (run) => part(run)?.[percentile] ?? null, formatMs);
    const isHidden = (figures: Part): boolean =>
      !figures.resolved || (figures.floorMs > 0 && figures[percentile] <= figures.floorMs);
    return group.measured.flatMap((run) => part(run) ?? []).some(isHidden)
      ? `at most ${shown}`
      : shown;
  };

const deliveryCell = (percentile: "p50" | "p99"): ((group: RunGroup) => string) =>
  boundCell(({ latency }) => latency?.delivery ?? null, percentile);

/** Never a bare 0: a run without any loss does not prove that there are none. */
const lossesCell = (group: RunGroup): string => {
  const lost = groupFigure(group, ({ steady }) => steady?.lossesPerStreamHour ?? null);
  if (groupMean(group, ({ steady }) => steady?.lossesPerStreamHour ?? 0) > 0) return lost;
  const bounds = group.measured.flatMap(({ steady }) => steady?.incidentsPerStreamHourAtMost ?? []);
  // Without an incident, the bound shrinks with the observed time.
  const atMost = bounds.length === 0 ? null : 1 / bounds.reduce((sum, one) => sum + 1 / one, 0);
  return atMost === null ? DASH : `none seen (at most ${formatCount(atMost)} gaps)`;
};

const awayCell =
  (figure: Figure, percentile: "p50Ms" | "p99Ms") =>
  (group: RunGroup): string =>
    group.measured.some(
      ({ deploy }) => deploy && deploy.away.cut > 0 && deploy.away[percentile] === null,
    )
      ? "never back"
      : shownFigure(group, figure);

const killedCell = (group: RunGroup): string => {
  if (repeatsOf(group, KILLED).length === 0) return DASH;
  const exposed = groupMean(group, (run) => exposedOf(run)?.pipelines ?? null);
  return `${shownFigure(group, KILLED)} of ${formatCount(Math.round(exposed))}`;
};

/** How to read a row whose figures invite a wrong conclusion. Empty for most rows. */
export const noteOf = (group: RunGroup): string => {
  const { bounce, measured } = group;
  const instances = Math.max(
    0,
    ...measured.map((run) => Object.keys(run.sessionsPerInstance).length),
  );
  const arrived = 1 - groupMean(group, (run) => run.lossRatio);
  const nothingToLose = measured.every(
    ({ deploy }) =>
      deploy !== null &&
      deploy.away.cut > 0 &&
      deploy.blackoutS.livedOn.mean === 0 &&
      deploy.killed >= 0.9 * deploy.away.cut,
  );
  const notes = [
    ...(bounce === STEADY && arrived < 0.99
      ? [`latency of the ${formatPercent(arrived)} that arrived`]
      : []),
    ...(bounce === "rolling" && instances === 1
      ? ["one instance: it stops, then starts, so no other serves meanwhile"]
      : []),
    ...(nothingToLose ? ["nothing left to lose: the pipelines of cut streams died with them"] : []),
  ];
  return capitalise(notes.join("; "));
};

const column = (
  heading: string,
  dispensable: number,
  cell: (group: RunGroup) => string,
): ComparisonColumn => ({ heading, align: "r", dispensable, cell });

const words = (heading: string, cell: (group: RunGroup) => string): ComparisonColumn => ({
  heading,
  align: "l",
  dispensable: 0,
  cell,
});

const TOPOLOGY = words("topology", (group) => topologyLabel(group) + runsNote(group));
const VERDICT = words("verdict", groupVerdict);
const NOTE: ComparisonColumn = { ...words("note", noteOf), dispensable: 20 };

export const STEADY_COLUMNS: readonly ComparisonColumn[] = [
  TOPOLOGY,
  VERDICT,
  column("delivery p50", 1, deliveryCell("p50")),
  column("delivery p99", 0, deliveryCell("p99")),
  column("lost per stream-hour", 0, lossesCell),
  NOTE,
];

const valuesOf = (names: readonly string[], settings: Settings): string[] =>
  names
    .filter((name) => settings[name] !== undefined)
    .map((name) => `${name} ${String(settings[name])}`);

/** Names the settings beside a figure that they decide by nature. */
const named = (heading: string, settings: Settings, ...names: readonly string[]): string => {
  const known = valuesOf(names, settings);
  return known.length === 0 ? heading : `${heading} (${known.join(", ")})`;
};

export const deployColumns = (settings: Settings = {}): readonly ComparisonColumn[] => [
  TOPOLOGY,
  words("bounce", (group) => bounceLabel(group.bounce)),
  VERDICT,
  column(named("dark", settings, "DRAIN_GRACE_MS", "DRAIN_RETRY_MS"), 0, (group) =>
    shownFigure(group, DARK),
  ),
  column("pipelines killed", 0, killedCell),
  column("stuck, pipeline lived on", 2, (group) => shownFigure(group, STUCK_LIVED_ON)),
  column(named("dark, doomed", settings, "DRAIN_GRACE_MS"), 6, (group) =>
    shownFigure(group, DOOMED),
  ),
  column("away p50", 4, awayCell(AWAY_P50, "p50Ms")),
  column("away p99", 1, awayCell(AWAY_P99, "p99Ms")),
  column("never back", 5, (group) =>
    groupFigure(group, ({ deploy }) => deploy?.away.neverBack ?? null),
  ),
  column("cut elsewhere", 7, (group) =>
    groupFigure(group, ({ deploy }) => deploy?.collateral ?? null),
  ),
  column(named("storm per cut stream", settings, "DRAIN_SPREAD_MS"), 3, (group) =>
    repeatsOf(group, STORM).length === 0 ? DASH : `${shownFigure(group, STORM)}/s`,
  ),
  NOTE,
];

/** What the columns mean, for the reader of the table. */
export const STEADY_LEGEND =
  "After the warm-up, before any bounce. Delivery: from the publication to the read; `at most` " +
  "if the instrument cannot tell. Gaps: series of lost events, with a 95 % bound.";

export const deployLegend = (settings: Settings, groups: readonly RunGroup[]): string => {
  const runs = groups.flatMap((group) => group.runs);
  const deciding = Object.keys(settings).filter((name) => /^(DRAIN|RETRY)_/.test(name));
  return (
    "One deploy or crash, per stream that was open when it began. Dark: seconds of its pipeline " +
    "that a stream whose pipeline lived on did not receive. Dark, doomed: the same of pipelines " +
    `that died, so no client waits for them. Killed: ${killedLegend(runs)}. Away: without a ` +
    "stream; a client that never came back counts as longest. Cut elsewhere: streams that hung " +
    "on something else than what was bounced. Storm: most attempts in a second. " +
    "In brackets: the 95 % interval of the mean." +
    (deciding.length === 0
      ? ""
      : " Settings of the lab decide the figures that name them: " +
        `${valuesOf(deciding, settings).join(", ")}.`)
  );
};
