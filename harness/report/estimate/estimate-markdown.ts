/** The output of `sse-lab estimate`: a table, and the arithmetic behind each row. */
import { bounceLabel } from "../summary/run-group.ts";
import type { Summary } from "../summary/summary.ts";
import {
  DASH,
  escapeMarkdown,
  formatCount,
  formatNumberOf,
  formatPercent,
  formatSeconds,
} from "../format.ts";
import { tableOf } from "../tables/markdown-tables.ts";
import { formatEstimated } from "../summary/estimated.ts";
import type { TopologyEstimate, Wanted } from "./estimate.ts";

export const whole = (value: number | null): string =>
  formatCount(value === null ? null : Math.round(value));
const hours = (seconds: number | null): string =>
  seconds === null ? DASH : `${formatCount(seconds / 3600)} h`;

/** `2 of 3 runs`. */
const runsOf = ({ measured, made }: TopologyEstimate["runs"]): string =>
  measured === made
    ? formatNumberOf(made, "run")
    : `${formatCount(measured)} of ${formatNumberOf(made, "run")}`;

/** Losses of steady state a day. */
export const lostOtherwise = (
  streams: number,
  { measured, perDay }: Pick<TopologyEstimate, "measured" | "perDay">,
): string =>
  measured.lossesPerStreamHour === null
    ? "lost otherwise: steady state was not measured"
    : `lost otherwise: ${formatCount(streams)} streams x 24 h x ` +
      `${formatEstimated(measured.lossesPerStreamHour, formatCount)} per stream-hour = ` +
      formatEstimated(perDay.eventsLostOtherwise, whole);

const arithmetic = (one: TopologyEstimate, wanted: Wanted): string => {
  const { measured, perDay } = one;
  const deploys = `${formatCount(wanted.deploysPerDay)} deploys x ${formatCount(wanted.streams)}`;
  const lines = [
    `pipelines: ${formatCount(wanted.streams)} streams x 86,400 s / ` +
      `${formatCount(wanted.pipelineS)} s = ${whole(perDay.pipelines)}`,
    `killed: ${deploys} running pipelines x ${formatEstimated(measured.killedShare, formatPercent)} = ` +
      formatEstimated(perDay.pipelinesKilled, whole),
    `dark: ${deploys} streams x ${formatEstimated(measured.darkS, formatSeconds)} = ` +
      formatEstimated(perDay.darkS, (value) => `${whole(value)} s`),
    `events lost by deploys: ${whole(perDay.darkS.value)} s x ` +
      `${formatCount(wanted.eventsPerSecond)} events/s = ${formatEstimated(perDay.eventsLostByDeploys, whole)}`,
    `events ${lostOtherwise(wanted.streams, one)}`,
    `a pipeline is killed with a chance of ${formatEstimated(one.killedChance, formatPercent)}`,
  ];
  return (
    `**${escapeMarkdown(one.topology)}**, from ${runsOf(one.runs)}\n\n` +
    lines.map((line) => `- ${line}`).join("\n")
  );
};

/** The estimates as Markdown. */
export const renderEstimates = (
  estimates: readonly TopologyEstimate[],
  wanted: Wanted,
  { path, summary }: { path: string; summary: Summary },
): string => {
  const table = tableOf(estimates, [
    { heading: "topology", align: "l", cell: ({ topology }) => topology },
    {
      heading: "pipelines killed",
      cell: ({ perDay }) => formatEstimated(perDay.pipelinesKilled, whole),
    },
    { heading: "of all", cell: ({ killedChance }) => formatEstimated(killedChance, formatPercent) },
    { heading: "dark", cell: ({ perDay }) => formatEstimated(perDay.darkS, hours) },
    {
      heading: "events lost by deploys",
      cell: ({ perDay }) => formatEstimated(perDay.eventsLostByDeploys, whole),
    },
    {
      heading: "events lost otherwise",
      cell: ({ perDay }) => formatEstimated(perDay.eventsLostOtherwise, whole),
    },
  ]);
  return [
    `# A day with ${formatCount(wanted.streams)} streams, pipelines of ` +
      `${formatCount(wanted.pipelineS)} s and ${formatCount(wanted.deploysPerDay)} deploys`,
    `From ${escapeMarkdown(path)}, bounce ${bounceLabel(wanted.bounce)}, measured ` +
      `${summary.startedAt.slice(0, 10)} with ${formatNumberOf(summary.scenario.sessions, "session")}` +
      ` on platform ${escapeMarkdown(summary.platform)}. In brackets: 95 %.`,
    ...(table === null ? [] : [table]),
    "Dark: hours of streams without events that their pipelines published, though these lived " +
      "on. Events of pipelines that died are not counted: no client waits for them. Killed: a " +
      "pipeline that outlasts the drain's grace fares as the measured ones that did. If a bounce " +
      "does not reach every instance, the share of all measured pipelines counts. The lab's host " +
      "sets no limit here: check with `--sessions` that yours carries the streams.",
    ...estimates.map((one) => arithmetic(one, wanted)),
  ].join("\n\n");
};
