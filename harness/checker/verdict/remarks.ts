/** What a reader of the result must know, no matter the verdict. */
import { plural } from "../../../common/portable/plural.ts";
import { costWindow, measureCosts } from "../measures/costs.ts";
import { countDrops, measureQuota } from "../measures/quota.ts";
import {
  CLOCK_TOLERANCE_MS,
  PUBLISH_LATENESS_P99_LIMIT_MS,
  READINGS_END_EARLY,
} from "../thresholds.ts";
import { inMs, type Evidence, type Rule } from "./evidence.ts";

export const REMARKS = [
  {
    id: "stand-in",
    when: ({ record: { run } }) =>
      run?.realtime?.standIn === true
        ? `${run.realtime.part}, a stand-in, served as Supabase Realtime. Losses and their ` +
          "causes are " +
          "valid; its latency and costs say nothing about Supabase."
        : null,
  },
  {
    id: "clock-error",
    when: ({ record: { engine } }) => {
      const errorMs = engine?.clockErrorMs ?? Infinity;
      return errorMs > CLOCK_TOLERANCE_MS
        ? null
        : "The load generator uses its own clock, aligned with the instances' clocks to within " +
            `${inMs(errorMs)}: latencies have that error.`;
    },
  },
  {
    id: "never-connected",
    when: ({ counts }) =>
      counts.neverConnected === 0
        ? null
        : `${counts.neverConnected} of ${plural(counts.sessions, "session")} never connected; ` +
          "their planned events count as due.",
  },
  {
    id: "never-started",
    when: ({ counts }) =>
      counts.neverStarted === 0
        ? null
        : `${counts.neverStarted} of ${plural(counts.sessions, "session")} connected, but no ` +
          "ledger " +
          "shows a pipeline start; their planned events count as due.",
  },
  {
    id: "kept-from-starting",
    when: ({ counts: { keptFromStarting } }) =>
      keptFromStarting === 0
        ? null
        : `${plural(keptFromStarting, "session")} could not start before the drain, because ` +
          "no server " +
          "answered (no response, or 5xx) after the bounce began.",
  },
  {
    id: "started-twice",
    when: ({ counts: { startedTwice } }) =>
      startedTwice === 0
        ? null
        : `${plural(startedTwice, "pipeline was", "pipelines were")} started on two ` +
          "instances after a " +
          "retried start; their events can arrive twice or out of order.",
  },
  {
    id: "gave-up",
    when: ({ counts }) =>
      counts.gaveUp === 0
        ? null
        : `${counts.gaveUp} of ${plural(counts.sessions, "session")} gave up for good after ` +
          "a refused " +
          "stream, as their client model does.",
  },
  { id: "over-quota", when: brokerLimitsWereHit },
  {
    id: "given-up",
    when: ({ record }) => {
      const [outage = 0, refused = 0] = (["outage", "refused"] as const).map((reason) =>
        countDrops(record, reason),
      );
      const dropped = [
        ...(outage > 0
          ? [`${plural(outage, "event")} because the broker was away or the instance was stopping`]
          : []),
        ...(refused > 0 ? [`${plural(refused, "event")} that the broker refused`] : []),
      ];
      return dropped.length === 0 ? null : `Publishers dropped ${dropped.join(", and ")}.`;
    },
  },
  {
    id: "never-published-why",
    when: ({ counts: { neverPublishedBy: by, outcomes } }) => {
      if (outcomes.neverPublished === 0) return null;
      const reasons: [number, string][] = [
        [by.died, "because the pipeline died with its instance"],
        [by.aborted, "because the pipeline was aborted"],
        [by["kept-from-starting"], "because no server answered the session"],
        [by.refused, "because the session was refused"],
        [by["over-quota"], "because a limit of the broker delayed the session or kept it out"],
        [by["never-started"], "because the pipeline never started"],
        [by["at-gate"], "because the answer to a gate never reached the pipeline"],
        [by["completed-without"], "although the pipeline completed"],
      ];
      const listed = reasons
        .filter(([count]) => count !== 0)
        .map(([count, why]) => `${count} ${why}`);
      return `Never published: ${listed.join(", ")}.`;
    },
  },
  {
    id: "stuck",
    when: ({ counts }) =>
      counts.stuckStreams === 0
        ? null
        : `${counts.stuckStreams} of ${plural(counts.sessions, "stream")} ` +
          `${counts.stuckStreams === 1 ? "is" : "are"} stuck: the terminal event never arrived.`,
  },
  {
    id: "reordered-under-bounce",
    when: ({ record, counts }) =>
      counts.reordered > 0 && record.run?.bounce !== "none"
        ? `${plural(counts.reordered, "event")} arrived after a later one.`
        : null,
  },
  {
    id: "unconfirmed",
    when: ({ counts }) =>
      counts.unconfirmed === 0
        ? null
        : `Clients received ${plural(counts.unconfirmed, "event")} beyond the plan that no ` +
          "ledger can " +
          `confirm; ${counts.unconfirmed === 1 ? "it does" : "they do"} not count as due.`,
  },
  {
    id: "ledger-doubtful",
    when: ({ record, counts }) => {
      const doubtful = new Set(
        record.ledgers.filter(({ state }) => state !== "read").map(({ instance }) => instance),
      );
      return doubtful.size === 0 || counts.indeterminateBy.unrecorded > 0
        ? null
        : `A ledger of ${[...doubtful].sort().join(", ")} is missing or torn; no due pair ` +
            "depends on it.";
    },
  },
  {
    id: "published-late",
    when: ({ counts }) => {
      const latenessMs = counts.lateness.percentileMs(99);
      return latenessMs > PUBLISH_LATENESS_P99_LIMIT_MS
        ? `The publishers ran ${inMs(latenessMs)} behind their plan (p99); latencies include ` +
            "this delay."
        : null;
    },
  },
  { id: "costs-unknown", when: costsAreUnknown },
  { id: "readings-end-early", when: readingsEndEarly },
] as const satisfies readonly Rule[];

/** Which limits were exceeded, what they did, and the broker's messages. */
function brokerLimitsWereHit({ record, context, counts }: Evidence): string | null {
  const quota = measureQuota(record, context, counts);
  if (quota === null) return null;
  const { neverAdmitted, refusedAttempts, cutStreams, droppedEvents, heldBackMs, words } = quota;
  const effects = [
    ...(neverAdmitted > 0 ? [`${plural(neverAdmitted, "session")} never got a stream`] : []),
    ...(refusedAttempts > 0
      ? [`${plural(refusedAttempts, "connection attempt was", "connection attempts were")} refused`]
      : []),
    ...(cutStreams > 0 ? [`${plural(cutStreams, "stream was", "streams were")} cut`] : []),
    ...(heldBackMs > 0 ? [`publishers held events back for up to ${inMs(heldBackMs)}`] : []),
    ...(droppedEvents > 0 ? [`publishers dropped ${plural(droppedEvents, "event")}`] : []),
  ];
  const { part, plan } = record.run?.realtime ?? {};
  const whose = part ?? "the broker";
  const inForce = plan === undefined || plan === "none" ? "" : ` (plan ${plan})`;
  const messages = words.length === 0 ? "" : ` Its messages: ${words.join(", ")}.`;
  return `The load exceeded limits of ${whose}${inForce}: ${effects.join(", ")}.${messages}`;
}

/**
 * Applies only if the platform gave readings and the run had a load. A server without any reading
 * is unknown too.
 */
function costsAreUnknown({ record: { usages, instances, run }, context }: Evidence): string | null {
  if (usages.length === 0 || costWindow(context) === null) return null;
  const costs = measureCosts(usages, context);
  const known = new Set(costs.map(({ part }) => part));
  const named = new Set([...usages.map(({ part }) => part), ...instances.all()]);
  const unknown = [...named].filter((part) => !known.has(part)).sort();
  const servers = new Set([
    ...usages.filter(({ role }) => role === "server").map(({ part }) => part),
    ...instances.all(),
  ]);
  const unnamed = (run?.replicas ?? 0) - servers.size;
  if (unnamed > 0)
    unknown.push(plural(unnamed, unknown.length === 0 ? "server" : "further server"));
  if (unknown.length === 0) return null;
  return known.size === 0
    ? "No component was read under load, so this topology's costs are unknown."
    : `The costs of ${unknown.join(", ")} are unknown, because no reading fell into the load.`;
}

function readingsEndEarly({ record: { usages }, context }: Evidence): string | null {
  const window = costWindow(context);
  if (window === null || context.drainStartedMs === null) return null;
  const lastMs = new Map<string, number>();
  for (const { part, atMs } of usages) {
    if (atMs > window.startMs && atMs <= window.endMs)
      lastMs.set(part, Math.max(atMs, lastMs.get(part) ?? -Infinity));
  }
  const { share, leastMs, mostMs } = READINGS_END_EARLY;
  const limitMs = Math.min(
    mostMs,
    Math.max(leastMs, share * (context.drainStartedMs - window.startMs)),
  );
  const endMs = context.drainStartedMs - limitMs;
  const early = [...lastMs].filter(([, atMs]) => atMs < endMs).map(([part]) => part);
  return early.length === 0
    ? null
    : `The readings of ${early.sort().join(", ")} end more than ${inMs(limitMs)} before the load, ` +
        "so these costs are too low.";
}
