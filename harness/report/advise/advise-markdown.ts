/** The output of `sse-lab advise`: what fits, a table, and the arithmetic behind each row. */
import { formatEstimated } from "../summary/estimated.ts";
import { bounceLabel } from "../summary/run-group.ts";
import type { Summary } from "../summary/summary.ts";
import {
  DASH,
  escapeMarkdown,
  formatCount,
  formatList,
  formatNumberOf,
  formatPercent,
  formatSeconds,
} from "../format.ts";
import { lostOtherwise, whole } from "../estimate/estimate-markdown.ts";
import { tableOf } from "../tables/markdown-tables.ts";
import type { Asked, Fit, TopologyAdvice } from "./advise.ts";

const fitSentence = (advice: readonly TopologyAdvice[], asked: Asked): string => {
  const named = (fit: Fit): string =>
    formatList(advice.filter((one) => one.fit === fit).map((one) => one.estimate.topology));
  const tolerated = `${formatPercent(asked.toleratedLoss)} of events lost`;
  return (
    [
      named("fits") === ""
        ? "No measured topology fits for sure"
        : `Fit for your numbers: ${named("fits")}`,
      named("may fit") === ""
        ? null
        : `perhaps, as the interval reaches further: ${named("may fit")}`,
      named("does not fit") === "" ? null : `not fit: ${named("does not fit")}`,
    ]
      .filter((clause) => clause !== null)
      .join("; ") + ` (tolerated: ${tolerated}).`
  );
};

/** What of the host differs from what was measured, and how to measure it. */
const hostNotes = ({ host, pipelineS }: Asked, { scenario }: Summary): string[] => [
  ...(host.graceS !== null && host.graceS < scenario.graceS
    ? [
        `${host.name} gives an instance ${formatCount(host.graceS)} s to stop, and this was ` +
          `measured with ${formatCount(scenario.graceS)} s: expect more dead pipelines, and ` +
          `measure with \`--grace ${formatCount(host.graceS)}\`.`,
      ]
    : []),
  ...(host.requestCapS !== null && pipelineS > host.requestCapS
    ? [
        `${host.name} cuts a stream after ${formatCount(host.requestCapS)} s. Each such cut is ` +
          "taken to cost what a cut of the measured deploy did.",
      ]
    : []),
  `About ${host.name}: ${host.source}.`,
];

const arithmetic = (one: TopologyAdvice, asked: Asked): string => {
  const { perDay, estimate, darkPerCutS, stuckOtherwise } = one;
  const rate = `${formatCount(asked.eventsPerSecond)} events/s`;
  const seconds = formatEstimated(estimate.measured.darkS, formatSeconds);
  const lines = [
    `events: ${formatCount(asked.streams)} streams x ${rate} x 86,400 s = ${whole(perDay.events)}`,
    `lost by deploys: ${formatCount(asked.deploysPerDay)} deploys x ` +
      `${formatCount(asked.streams)} streams x ${seconds} x ${rate} = ` +
      formatEstimated(estimate.perDay.eventsLostByDeploys, whole),
    ...(perDay.eventsLostByCap === null
      ? []
      : [
          `lost by the host's limit: ${whole(perDay.cappedCuts)} cuts x ` +
            `${formatEstimated(darkPerCutS, formatSeconds)} x ${rate} = ` +
            formatEstimated(perDay.eventsLostByCap, whole),
        ]),
    lostOtherwise(asked.streams, estimate),
    perDay.stuckByDeploys === null
      ? "stuck by deploys: not known, as no deploy of every instance met pipelines at any time"
      : `stuck by deploys: of ${whole(estimate.perDay.pipelines)} pipelines, ` +
        formatEstimated(perDay.stuckByDeploys, whole),
    ...(stuckOtherwise === null || stuckOtherwise === 0
      ? []
      : [`stuck otherwise: ${formatPercent(stuckOtherwise)} of pipelines, without any deploy`]),
  ];
  return (
    `**${escapeMarkdown(estimate.topology)}** ${one.fit}\n\n` +
    lines.map((line) => `- ${line}`).join("\n")
  );
};

/** The advice as Markdown. */
export const renderAdvice = (
  advice: readonly TopologyAdvice[],
  asked: Asked,
  { path, summary }: { path: string; summary: Summary },
): string => {
  const table = tableOf(advice, [
    { heading: "topology", align: "l", cell: ({ estimate }) => estimate.topology },
    { heading: "events lost a day", cell: (one) => formatEstimated(one.perDay.eventsLost, whole) },
    {
      heading: "of all",
      cell: ({ perDay }) => formatPercent(Math.min(1, perDay.eventsLost.value / perDay.events)),
    },
    {
      heading: "stuck streams a day, by deploys",
      cell: ({ perDay }) => formatEstimated(perDay.stuckByDeploys, whole),
    },
    {
      heading: "stuck otherwise",
      cell: ({ stuckOtherwise }) =>
        stuckOtherwise === null ? DASH : formatPercent(stuckOtherwise),
    },
    { heading: "", align: "l", cell: ({ fit }) => fit },
  ]);
  return [
    `# ${formatCount(asked.streams)} streams at ${formatCount(asked.eventsPerSecond)} events/s, ` +
      `pipelines of ${formatCount(asked.pipelineS)} s, ${formatCount(asked.deploysPerDay)} ` +
      `deploys a day on ${asked.host.name}`,
    `**${escapeMarkdown(fitSentence(advice, asked))}**`,
    ...(table === null ? [] : [table]),
    `From ${escapeMarkdown(path)}, bounce ${bounceLabel(asked.bounce)}, measured ` +
      `${summary.startedAt.slice(0, 10)} with ` +
      `${formatNumberOf(summary.scenario.sessions, "session")} on platform ` +
      `${escapeMarkdown(summary.platform)}. In brackets: 95 %. Fits: the whole interval lies ` +
      "within what is tolerated. Events of pipelines that died are not counted as lost: their " +
      "streams are stuck instead.",
    ...hostNotes(asked, summary),
    ...advice.map((one) => arithmetic(one, asked)),
  ].join("\n\n");
};
