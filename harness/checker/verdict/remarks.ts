/** What a reader of the result must know, no matter the verdict. */
import { plural } from "../../../common/portable/plural.ts";
import { costsAreUnknown, readingsEndEarly } from "./cost-remarks.ts";
import { measureDeploy } from "../measures/deploy/deploy.ts";
import { measureLatency } from "../measures/latency.ts";
import { measureNewUsers } from "../measures/new-users.ts";
import { measureStuck } from "../measures/stuck.ts";
import { distortionMs, hostNoise } from "./host-noise.ts";
import { countDrops, measureQuota } from "../measures/quota.ts";
import {
  CLOCK_TOLERANCE_MS,
  HOST_DISTORTION_MS,
  LATENESS_LEAST_MS,
  LATENESS_SHARE_LIMIT,
  SLOW_BEGIN_MS,
} from "../thresholds.ts";
import {
  ledgerIsMissing,
  missedWhere,
  nothingArrivedAt,
  publishTimesAreWrong,
} from "./without-ledger.ts";
import { inMs, type Evidence, type Rule } from "./evidence.ts";

export const REMARKS = [
  { id: "without-ledger", when: ledgerIsMissing },
  { id: "missed-where", when: missedWhere },
  { id: "nothing-arrived", when: nothingArrivedAt },
  { id: "publish-times-wrong", when: publishTimesAreWrong },
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
        : `${plural(keptFromStarting, "session")} could not start before the drain, or not ` +
          `early enough to end by then, because ` +
          "no server " +
          "answered (no response, or 5xx) after the bounce began.",
  },
  {
    id: "started-twice",
    when: ({ counts: { startedTwice, repeatsOfTwins } }) =>
      startedTwice === 0
        ? null
        : `${plural(startedTwice, "pipeline was", "pipelines were")} started on two instances, ` +
          "because the page sent its start again after a lost answer; " +
          `${plural(repeatsOfTwins.all, "event")} of them came again.`,
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
    when: streamsAreStuck,
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
      const limitMs = Math.max(
        LATENESS_LEAST_MS,
        LATENESS_SHARE_LIMIT * counts.latency.percentileMs(99),
      );
      return latenessMs > limitMs
        ? `The publishers ran ${inMs(latenessMs)} behind their plan (p99), which is most of the ` +
            "latency; delivery is shown apart."
        : null;
    },
  },
  {
    id: "latency-unresolved",
    when: ({ record: { engine }, context, counts }) => {
      const latency = measureLatency(counts, engine, context);
      return engine === null || latency === null || latency.total.resolved
        ? null
        : `The latency (p99 ${inMs(latency.total.p99)}) is not resolved: the load generator ran ` +
            `${inMs(engine.lagMs.p99)} late itself (p99).`;
    },
  },
  {
    id: "slow-begin",
    when: ({ record, context }) => {
      const waitMs = measureNewUsers(record, context)?.outside.begin.durationMs?.p99 ?? 0;
      return waitMs <= SLOW_BEGIN_MS
        ? null
        : `Without a bounce, users waited ${inMs(waitMs)} (p99) from their arrival to the start ` +
            "of their pipeline; no latency includes that.";
    },
  },
  {
    id: "collateral",
    when: ({ record, context, counts }) => {
      const cuts = measureDeploy(record, context, counts)?.collateral ?? 0;
      return cuts === 0
        ? null
        : `${plural(cuts, "stream was", "streams were")} cut during a bounce, but hung on ` +
            "something else than its target.";
    },
  },
  {
    id: "host-was-busy",
    when: (evidence) => {
      const noise = hostNoise(evidence);
      return noise === null || distortionMs(evidence) > HOST_DISTORTION_MS
        ? null
        : `${noise}, but the engine and the publishers ran only ` +
            `${inMs(distortionMs(evidence))} late (p99): losses and times away stand.`;
    },
  },
  { id: "costs-unknown", when: costsAreUnknown },
  { id: "readings-end-early", when: readingsEndEarly },
] as const satisfies readonly Rule[];

function streamsAreStuck({ record, context, counts }: Evidence): string | null {
  if (counts.stuckStreams === 0) return null;
  const { died, terminalLost, gaveUp, neverStarted, open, untold } = measureStuck(record, context);
  const reasons: [number, string][] = [
    [died, "by a pipeline that died"],
    [terminalLost, "by the loss of the terminal event"],
    [gaveUp, "by a client that gave up"],
    [neverStarted, "by a pipeline that never started"],
    [open, "for now or for no known reason"],
    [untold, "by a pipeline that died or a terminal event that was lost"],
  ];
  const listed = reasons
    .filter(([count]) => count > 0)
    .map(([count, why]) => `${count} ${why}`)
    .join(", ");
  return (
    `${counts.stuckStreams} of ${plural(counts.sessions, "stream")} ` +
    `${counts.stuckStreams === 1 ? "is" : "are"} stuck without a terminal event: ${listed}.`
  );
}

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
