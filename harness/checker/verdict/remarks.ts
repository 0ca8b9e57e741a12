/** What a reader of the result must know, whatever the verdict. */
import { costWindow, measureCosts } from "../measures/costs.ts";
import { type Evidence, type Rule, inMs, plural } from "./evidence.ts";
import { countDrops, measureQuota } from "../measures/quota.ts";
import { CLOCK_TOLERANCE_MS, PUBLISH_LATENESS_P99_LIMIT_MS, READINGS_END_EARLY } from "../thresholds.ts";

export const REMARKS = [
  {
    id: "stand-in",
    when: ({ record: { run } }) =>
      run?.realtime?.standIn === true
        ? `Supabase Realtime was played by ${run.realtime.part}, a stand-in: what is lost and why is measured, its latency and its costs say nothing about Supabase.`
        : null,
  },
  {
    id: "clock-error",
    when: ({ record: { engine } }) => {
      const errorMs = engine?.clockErrorMs ?? Infinity;
      return errorMs > CLOCK_TOLERANCE_MS
        ? null
        : `The load generator has a clock of its own, which was set against the instances' to within ${inMs(errorMs)}: latencies are that exact.`;
    },
  },
  {
    id: "never-connected",
    when: ({ counts }) =>
      counts.neverConnected === 0
        ? null
        : `${counts.neverConnected} of ${plural(counts.sessions, "session")} never connected; what was planned for them counts as due.`,
  },
  {
    id: "never-started",
    when: ({ counts }) =>
      counts.neverStarted === 0
        ? null
        : `${counts.neverStarted} of ${plural(counts.sessions, "session")} connected, but no pipeline is known to have started; what was planned for them counts as due.`,
  },
  {
    id: "kept-from-starting",
    when: ({ counts: { keptFromStarting } }) =>
      keptFromStarting === 0
        ? null
        : `${plural(keptFromStarting, "session")} could not start before the drain, because nothing answered (no answer, or 5xx) once the bounce had begun.`,
  },
  {
    id: "started-twice",
    when: ({ counts: { startedTwice } }) =>
      startedTwice === 0
        ? null
        : `${plural(startedTwice, "pipeline was", "pipelines were")} started on two instances, because a start was retried; what both published can arrive twice, or out of order.`,
  },
  {
    id: "gave-up",
    when: ({ counts }) =>
      counts.gaveUp === 0
        ? null
        : `${counts.gaveUp} of ${plural(counts.sessions, "session")} gave up for good after a refused stream, as their client model does.`,
  },
  { id: "over-quota", when: brokerLimitsWereHit },
  {
    id: "given-up",
    when: ({ record }) => {
      const [outage, refused] = (["outage", "refused"] as const).map((reason) => countDrops(record, reason));
      const said = [
        ...(outage
          ? [`${plural(outage, "event")} while the broker was away or because the instance had to go`]
          : []),
        ...(refused
          ? [
              `${plural(refused, "event")} that the broker refused for ${refused === 1 ? "itself" : "themselves"}`,
            ]
          : []),
      ];
      return said.length === 0 ? null : `Publishers gave up ${said.join(", and ")}.`;
    },
  },
  {
    id: "never-published-why",
    when: ({ counts: { neverPublishedBy: by, outcomes } }) =>
      outcomes.neverPublished === 0
        ? null
        : `Never published: ${[
            [by.died, "died with their instance"],
            [by.aborted, "of aborted pipelines"],
            [by["kept-from-starting"], "of sessions that nothing answered"],
            [by.refused, "of sessions that were refused"],
            [by["over-quota"], "of sessions that a limit of the broker let in too late, or never"],
            [by["never-started"], "of pipelines that never started"],
            [by["at-gate"], "behind a gate whose answer never came to the pipeline"],
            [by["completed-without"], "of pipelines that completed without them"],
          ]
            .filter(([count]) => count !== 0)
            .map(([count, why]) => `${String(count)} ${String(why)}`)
            .join(", ")}.`,
  },
  {
    id: "stuck",
    when: ({ counts }) =>
      counts.stuckStreams === 0
        ? null
        : `${counts.stuckStreams} of ${plural(counts.sessions, "stream")} ${counts.stuckStreams === 1 ? "is" : "are"} stuck: the terminal event never came.`,
  },
  {
    id: "reordered-under-bounce",
    when: ({ record, counts }) =>
      counts.reordered > 0 && record.run?.bounce !== "none"
        ? `${plural(counts.reordered, "event was", "events were")} delivered after a later one.`
        : null,
  },
  {
    id: "unconfirmed",
    when: ({ counts }) =>
      counts.unconfirmed === 0
        ? null
        : `${plural(counts.unconfirmed, "event was", "events were")} received beyond the plan that no ledger can confirm; not counted as due.`,
  },
  {
    id: "ledger-doubtful",
    when: ({ record, counts }) => {
      const doubtful = new Set(
        record.ledgers.filter(({ state }) => state !== "read").map(({ instance }) => instance),
      );
      return doubtful.size === 0 || counts.indeterminateBy.unrecorded > 0
        ? null
        : `A ledger of ${[...doubtful].sort().join(", ")} is missing or torn; no due pair depends on it.`;
    },
  },
  {
    id: "published-late",
    when: ({ counts }) => {
      const latenessMs = counts.lateness.percentileMs(99);
      return latenessMs > PUBLISH_LATENESS_P99_LIMIT_MS
        ? `The publishers ran ${inMs(latenessMs)} behind their plan (p99); the latencies contain it.`
        : null;
    },
  },
  { id: "costs-unknown", when: costsAreUnknown },
  { id: "readings-end-early", when: readingsEndEarly },
] as const satisfies readonly Rule[];

/** Whose limits, what they did, and the words with which the broker said so. */
function brokerLimitsWereHit({ record, context, counts }: Evidence): string | null {
  const quota = measureQuota(record, context, counts);
  if (quota === null) return null;
  const { neverAdmitted, refusedAttempts, cutStreams, droppedEvents, heldBackMs, words } = quota;
  const did = [
    ...(neverAdmitted > 0 ? [`${plural(neverAdmitted, "session")} never got on`] : []),
    ...(refusedAttempts > 0
      ? [
          `${plural(refusedAttempts, "attempt")} at a stream ${refusedAttempts === 1 ? "was" : "were"} refused`,
        ]
      : []),
    ...(cutStreams > 0 ? [`${plural(cutStreams, "stream was", "streams were")} ended`] : []),
    ...(heldBackMs > 0 ? [`publishers held events back for up to ${inMs(heldBackMs)}`] : []),
    ...(droppedEvents > 0 ? [`publishers gave up ${plural(droppedEvents, "event")}`] : []),
  ];
  const { part, plan } = record.run?.realtime ?? {};
  const whose = part === undefined ? "the broker" : part;
  const inForce = plan === undefined || plan === "none" ? "" : ` (plan ${plan})`;
  const said = words.length === 0 ? "" : `; it said: ${words.join(", ")}`;
  return `Limits of ${whose}${inForce} were exceeded: ${did.join(", ")}${said}.`;
}

/** Only where the platform gave readings at all, and the run had a load. A server that was never read is one of those that were not. */
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
  if (unnamed > 0) unknown.push(plural(unnamed, unknown.length === 0 ? "server" : "further server"));
  if (unknown.length === 0) return null;
  const one = unknown.length === 1 && unnamed <= 1;
  const whose = known.size === 0 ? "no part was" : `${unknown.join(", ")} ${one ? "was" : "were"} not`;
  return `What the parts use was read, but ${whose} read under load: what ${known.size === 0 ? "this topology costs" : "that costs"} is not known.`;
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
  const limitMs = Math.min(mostMs, Math.max(leastMs, share * (context.drainStartedMs - window.startMs)));
  const endMs = context.drainStartedMs - limitMs;
  const early = [...lastMs].filter(([, atMs]) => atMs < endMs).map(([part]) => part);
  return early.length === 0
    ? null
    : `The readings of ${early.sort().join(", ")} end more than ${inMs(limitMs)} before the load did, so its costs are too low.`;
}
