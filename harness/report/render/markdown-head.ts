/** report.md's paragraphs about the question, the set-up, and how far to trust the answer. */
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
import { duringBounce, verdictCounts } from "../summary/run-group.ts";
import { clientModels, engineStandInLabel } from "../realtime-implementation-note.ts";
import { DEFAULT_GRACE_S } from "../../../common/portable/default-grace.ts";
import type { Summary } from "../summary/summary.ts";

/** How many runs got which verdict, and what unknown ones mean for the figures. */
export const verdictSentence = (summary: Summary): string => {
  const { runs } = summary;
  const interrupted = interruption(summary);
  const missing = missingRuns(summary).length;
  const warning =
    interrupted === null
      ? ""
      : `**${capitalise(interrupted)}: ` +
        `${missing === 1 ? "1 is" : `${formatCount(missing)} are`} missing.** `;
  if (runs.length === 0) return `${warning}Nothing was measured: this summary contains no run.`;
  const counts = verdictCounts(runs);
  const unknown =
    counts.unknown === 0
      ? ""
      : counts.unknown === runs.length
        ? " **No run can be trusted: no figure below says anything about a topology.**"
        : ` **${formatNumberOf(counts.unknown, "run")} cannot be trusted:** figures come ` +
          "from the other repeats; " +
          "groups without one allow no conclusion.";
  return (
    `${warning}${formatNumberOf(runs.length, "run")}: ${counts.valid} valid, ` +
    `${counts.invalid} invalid, ${counts.unknown} unknown.${unknown}`
  );
};

/** Mentioned only if it is not the default: it decides what a bounce does to pipelines. */
const graceClause = (graceS: number): string => {
  if (graceS === DEFAULT_GRACE_S) return "";
  return graceS === 0
    ? "no grace: a bounce kills the instances that it stops at once"
    : `a bounce kills the instances that it stops after ${formatCount(graceS)} s of grace`;
};

/**
 * Entries by name, the order in which a manifest is written: a rebuilt report has the same bytes.
 */
const sorted = <Value>(entries: Readonly<Record<string, Value>>): [string, Value][] =>
  Object.entries(entries).sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));

const versionsOf = (manifest: Manifest): string =>
  sorted(manifest.versions)
    .map(([part, version]) => `${part} ${version}`)
    .join(", ");

/** The components: platform, versions, and where images came from. */
export const madeOf = (manifest: Manifest): string =>
  `**Made of:** platform ${escapeMarkdown(manifest.platform)}, with ` +
  `${escapeMarkdown(versionsOf(manifest))}.`;

/** The title: the question that the report answers. */
export const question = ({ scenario }: Summary): string => {
  const { topologies, bounces } = scenario;
  if (bounces.join() === "migration") return "What does each step of the migration cost?";
  const verb = topologies.length === 1 ? "does" : "do";
  const names = formatList(topologies.map(escapeMarkdown)) || "no topologies";
  return `What ${verb} ${names} lose ${formatList(bounces.map(duringBounce)) || "no runs"}?`;
};

/** How long the load is, and when its sessions arrive; an open bracket. */
const loadTimes = (scenario: Summary["scenario"]): string => {
  const { arrival, durationS, pipelineS = 0, warmUpS = 0, rampS } = scenario;
  if (arrival === "ramp")
    return `for ${formatCount(durationS)} s (arriving over ${formatCount(rampS)} s`;
  return (
    `at any time, in pipelines of ${formatCount(pipelineS)} s on average (runs of up to ` +
    `${formatCount(durationS)} s, of which the first ${formatCount(warmUpS)} s do not count`
  );
};

/** How clients and hosts differ from the default ones. */
const clientAndHost = ({
  jitter,
  retryMs,
  heartbeatS,
  leaseMs,
  bounceSettings = {},
}: Summary["scenario"]): string[] => [
  jitter === "full" ? "" : `back-off with ${jitter === "none" ? "no" : jitter} jitter`,
  retryMs === 1000 ? "" : `\`retry: ${formatCount(retryMs)}\``,
  heartbeatS === 15
    ? ""
    : heartbeatS === 0
      ? "no heartbeats"
      : `a heartbeat every ${formatCount(heartbeatS)} s`,
  leaseMs === 2000 ? "" : `a lease of ${formatCount(leaseMs)} ms`,
  ...Object.entries(bounceSettings).map(([key, value]) => `\`${key}=${value}\``),
];

/** Topologies that were spared every bounce. */
function inSteadyStateOnly({ topologies, bounces, skipped = [] }: Summary["scenario"]): string {
  const disturbing = bounces.filter((bounce) => bounce !== "none");
  if (disturbing.length === 0) return "";
  const spared = topologies.filter((topology) =>
    disturbing.every((bounce) =>
      skipped.some((pair) => pair.topology === topology && pair.bounce === bounce),
    ),
  );
  return spared.length === 0
    ? ""
    : `${formatList(spared.map(escapeMarkdown))} in steady state only`;
}

/** The load: the scenario in one paragraph. */
export const load = (summary: Summary): string => {
  const { scenario, seed, engine, engineStandIn, platform, host, startedAt } = summary;
  const standIn =
    engineStandIn === null ? "" : ` (${escapeMarkdown(engineStandInLabel(engineStandIn))})`;
  const extras = [
    inSteadyStateOnly(scenario),
    scenario.replicas === null
      ? ""
      : `${formatNumberOf(scenario.replicas, "replica")} in topologies with more than one`,
    scenario.redis === "stopped" ? "Redis stopped before the start in topologies that use it" : "",
    graceClause(scenario.graceS),
    ...clientAndHost(scenario),
    scenario.catchUp ? "catch-up from an event log in topologies with Realtime" : "",
    scenario.realtimePlan === "none"
      ? ""
      : `Realtime with the limits of plan ${escapeMarkdown(scenario.realtimePlan)}`,
    scenario.overQuota ? "a load that may exceed these limits" : "",
    scenario.realtimePublish === "http"
      ? ""
      : `published to Realtime by ${scenario.realtimePublish}`,
  ].filter((extra) => extra !== "");
  return (
    `**Load:** ${formatNumberOf(scenario.sessions, "session")}, each ` +
    `${formatCount(scenario.eventsPerSecond)} events/s of ` +
    `${formatNumberOf(scenario.payloadBytes, "byte")} ${loadTimes(scenario)}, drained for at most ` +
    `${formatCount(scenario.drainS)} s), ${formatNumberOf(scenario.gates, "gate")} per ` +
    `pipeline, ${formatNumberOf(scenario.repeat, "repeat")}, seed ${seed}, client model ` +
    `${clientModels(summary, (model) => `\`${model}\``)}, engine ` +
    `\`${engine}\`${standIn}${extras.map((extra) => `, ${extra}`).join("")}. Measured on ` +
    `platform ${escapeMarkdown(platform)} with ${formatCpus(host.cpus)} on ` +
    `${startedAt.slice(0, 10)}.`
  );
};

/** The host, versions and settings of the measurement. */
export const measuredOn = (
  { platform, host, startedAt, finishedAt }: Summary,
  manifest: Manifest,
): string => {
  const settings = sorted(manifest.serverSettings).map(([key, value]) => `${key} ${String(value)}`);
  const commit = manifest.commit
    ? `, commit ${manifest.commit.id}${manifest.commit.dirty ? " with uncommitted changes" : ""}`
    : ", commit unknown (git names none for the lab's folder)";
  return (
    `Platform ${escapeMarkdown(platform)}, ${escapeMarkdown(host.os)}, ` +
    `${formatCpus(host.cpus)}, ` +
    `${host.memoryBytes === null ? "memory unknown" : formatBytes(host.memoryBytes)}; ` +
    `${escapeMarkdown(versionsOf(manifest) + commit)}; from ${startedAt} ` +
    `${finishedAt === null ? "on; interrupted before the end" : `to ${finishedAt}`}.${settings.length > 0 ? ` Server settings: ${escapeMarkdown(settings.join(", "))}.` : ""} ` +
    "Times depend on this host: compare ratios, not times, between hosts."
  );
};
