/** The head of report.md: what was asked, on what, and how far the answer can be trusted. */
import {
  capitalise,
  escapeMarkdown,
  formatBytes,
  formatCount,
  formatCpus,
  formatList,
  formatNumberOf,
} from "../format.ts";
import type { Manifest } from "../summary/manifest.ts";
import { interruption, missingRuns } from "../summary/missing-runs.ts";
import { bounceLabel, verdictCounts } from "../summary/run-group.ts";
import { clientModels, engineStandInLabel } from "../realtime-implementation-note.ts";
import { DEFAULT_GRACE_S } from "../../../common/portable/default-grace.ts";
import type { Summary } from "../summary/summary.ts";

/** How many runs got which verdict, and what an unknown one means for the rest of the page. */
export const verdictSentence = (summary: Summary): string => {
  const { runs } = summary;
  const interrupted = interruption(summary);
  const missing = missingRuns(summary).length;
  const warning =
    interrupted === null
      ? ""
      : `**${capitalise(interrupted)}: ${missing === 1 ? "1 is" : `${formatCount(missing)} are`} missing.** `;
  if (runs.length === 0) return `${warning}Nothing was measured: this summary holds no run.`;
  const counts = verdictCounts(runs);
  const unknown =
    counts.unknown === 0
      ? ""
      : counts.unknown === runs.length
        ? " **No run can be trusted: no figure below says anything about a topology.**"
        : ` **${formatNumberOf(counts.unknown, "run")} cannot be trusted:** figures come from the other repeats where there are any, and nothing is concluded from the rest.`;
  return `${warning}${formatNumberOf(runs.length, "run")}: ${counts.valid} valid, ${counts.invalid} invalid, ${counts.unknown} unknown.${unknown}`;
};

/** Said only when it is not the default: it decides what a bounce does to pipelines. */
const graceClause = (graceS: number): string => {
  if (graceS === DEFAULT_GRACE_S) return "";
  return graceS === 0
    ? "no grace: an instance that a bounce stops is killed at once"
    : `an instance that a bounce stops is killed after ${formatCount(graceS)} s of grace`;
};

/** Entries by name: a manifest is written in that order, and a report that is rebuilt from it has the same bytes. */
const sorted = <Value>(entries: Readonly<Record<string, Value>>): [string, Value][] =>
  Object.entries(entries).sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));

const versionsOf = (manifest: Manifest): string =>
  sorted(manifest.versions)
    .map(([part, version]) => `${part} ${version}`)
    .join(", ");

/** The real parts: on which platform, in which versions, and where images came from. */
export const madeOf = (manifest: Manifest): string =>
  `**Made of:** platform ${escapeMarkdown(manifest.platform)}, with ${escapeMarkdown(versionsOf(manifest))}.`;

/** The question: the scenario in one paragraph. */
export const asked = (summary: Summary): string => {
  const { scenario, seed, engine, engineStandIn, platform, host, startedAt } = summary;
  const played = engineStandIn === null ? "" : ` (${escapeMarkdown(engineStandInLabel(engineStandIn))})`;
  const extras = [
    scenario.replicas === null
      ? ""
      : `${formatNumberOf(scenario.replicas, "replica")} wherever a topology has more than one`,
    scenario.redis === "stopped" ? "Redis stopped before the start wherever a topology has it" : "",
    graceClause(scenario.graceS),
    scenario.catchUp ? "catch-up from an event log wherever a topology has Realtime" : "",
    scenario.realtimePlan === "none"
      ? ""
      : `Realtime with the limits of plan ${escapeMarkdown(scenario.realtimePlan)}`,
    scenario.overQuota ? "a load that may exceed these limits" : "",
    scenario.realtimePublish === "http" ? "" : `published to Realtime by ${scenario.realtimePublish}`,
  ].filter((extra) => extra !== "");
  return `**Asked:** what ${scenario.topologies.length === 1 ? "does" : "do"} ${formatList(scenario.topologies.map(escapeMarkdown))} lose in ${formatList(scenario.bounces.map(bounceLabel))}? ${formatNumberOf(scenario.sessions, "session")}, each ${formatCount(scenario.eventsPerSecond)} events/s of ${formatNumberOf(scenario.payloadBytes, "byte")} for ${formatCount(scenario.durationS)} s (arriving over ${formatCount(scenario.rampS)} s, drained for at most ${formatCount(scenario.drainS)} s), ${formatNumberOf(scenario.gates, "gate")} per pipeline, ${formatNumberOf(scenario.repeat, "repeat")}, seed ${seed}, client model ${clientModels(summary, (model) => `\`${model}\``)}, engine \`${engine}\`${played}${extras.map((extra) => `, ${extra}`).join("")}. Measured on platform ${escapeMarkdown(platform)} with ${formatCpus(host.cpus)} on ${startedAt.slice(0, 10)}.`;
};

/** Where and with what it was answered. */
export const measuredOn = (
  { platform, host, startedAt, finishedAt }: Summary,
  manifest: Manifest,
): string => {
  const settings = sorted(manifest.serverSettings).map(([key, value]) => `${key} ${String(value)}`);
  const commit = manifest.commit
    ? `, commit ${manifest.commit.id}${manifest.commit.dirty ? " with uncommitted changes" : ""}`
    : "";
  return `Platform ${escapeMarkdown(platform)}, ${escapeMarkdown(host.os)}, ${formatCpus(host.cpus)}, ${host.memoryBytes === null ? "memory unknown" : formatBytes(host.memoryBytes)}; ${escapeMarkdown(versionsOf(manifest) + commit)}; from ${startedAt} ${finishedAt === null ? "on; interrupted before its end" : `to ${finishedAt}`}.${settings.length > 0 ? ` Server settings: ${escapeMarkdown(settings.join(", "))}.` : ""} Times are of this host: between hosts compare ratios.`;
};
