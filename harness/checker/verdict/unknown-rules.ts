/** When a run cannot be trusted, whatever its figures say. */
import type { PartExitObservation } from "../../history/observation.ts";
import { type Evidence, type Rule, inMs, inPercent, plural } from "./evidence.ts";
import { bounceEndedNothing, instanceEndedByItself } from "./instance-ends.ts";
import {
  ACHIEVED_SHARE_LIMIT,
  CHANCE_MARGIN,
  CHANCE_SIGMAS,
  CLOCK_TOLERANCE_MS,
  ENGINE_LAG_P99_LIMIT_MS,
  ENGINE_UTILISATION_LIMIT,
  PUBLISH_LATENESS_P99_LIMIT_MS,
} from "../thresholds.ts";

export const UNKNOWN_RULES = [
  {
    id: "no-run",
    when: ({ record }) => (record.run === null ? "The history does not say which run this is." : null),
  },
  { id: "no-plan", when: planIsMissing },
  {
    id: "contradictory",
    when: ({ record, counts }) => {
      const count = record.contradictions.count + counts.contradictions.count;
      const example =
        [record.contradictions.example, counts.contradictions.example].filter(Boolean).sort()[0] ?? "";
      return count === 0 ? null : `The history contradicts itself ${plural(count, "time")}, e.g. ${example}.`;
    },
  },
  {
    id: "nothing-connected",
    when: ({ counts }) =>
      counts.sessions > 0 && counts.neverConnected === counts.sessions
        ? `None of the ${plural(counts.sessions, "session")} ever connected.`
        : null,
  },
  {
    id: "no-drain",
    when: ({ record }) =>
      record.phases.has("load-started") &&
      record.phases.has("drain-started") &&
      record.phases.has("drain-ended")
        ? null
        : "The run was not driven to its end: load-started, drain-started or drain-ended is not on record.",
  },
  {
    id: "engine-silent",
    when: ({ record }) =>
      record.engine === null
        ? "The load engine said nothing of itself, so it may have been the limit."
        : null,
  },
  { id: "engine-saturated", when: engineIsSaturated },
  {
    id: "publisher-silent",
    when: ({ counts }) =>
      counts.published === 0 && counts.neverConnected < counts.sessions
        ? `Nothing was published, although ${plural(counts.sessions - counts.neverConnected, "session")} connected.`
        : null,
  },
  { id: "publisher-slow", when: publisherIsSlow },
  { id: "clocks-off", when: clocksDiffer },
  {
    id: "bounce-missing",
    when: ({ record, context: { bounces } }) =>
      record.run !== null && record.run.bounce !== "none" && bounces.length === 0
        ? `No ${record.run.bounce} bounce was carried out.`
        : null,
  },
  { id: "bounce-unfinished", when: bounceIsUnfinished },
  {
    id: "bounce-failed",
    when: ({ context: { bounces } }) => {
      const failed = bounces.find(({ error }) => error !== null);
      return failed === undefined ? null : `The bounce of ${failed.target} failed: ${failed.error ?? ""}`;
    },
  },
  { id: "bounce-idle", when: bounceEndedNothing },
  { id: "part-exit", when: partEnded },
  { id: "instance-exit", when: instanceEndedByItself },
  {
    id: "ledger-incomplete",
    when: ({ counts, context }) =>
      counts.indeterminateBy.unrecorded === 0
        ? null
        : `${plural(counts.indeterminateBy.unrecorded, "pair")} cannot be judged: the ledger of ${
            context.facts.incompleteLedgers().join(", ") || "every instance"
          } is missing, torn or contradicts itself.`,
  },
  {
    id: "not-drained",
    when: ({ counts: { indeterminateBy } }) =>
      indeterminateBy.running + indeterminateBy.late === 0
        ? null
        : `${plural(indeterminateBy.running + indeterminateBy.late, "pair")} cannot be judged: ${indeterminateBy.running} of pipelines that still ran when the drain ended, ${indeterminateBy.late} published too shortly before that.`,
  },
  { id: "chance-off", when: chanceIsOff },
] as const satisfies readonly Rule[];

function planIsMissing({ record, counts }: Evidence): string | null {
  if (counts.sessions === 0) return "No session was planned, so nothing is due.";
  const promised = record.run?.load.sessions ?? counts.sessions;
  if (promised === counts.sessions) return null;
  return `The run was to have ${plural(promised, "session")}, but ${counts.sessions} are planned.`;
}

function engineIsSaturated({ record: { engine } }: Evidence): string | null {
  if (engine === null) return null;
  const late = engine.lagMs.p99 > ENGINE_LAG_P99_LIMIT_MS;
  if (!late && (engine.utilisation ?? 0) <= ENGINE_UTILISATION_LIMIT) return null;
  const busy =
    engine.utilisation === undefined
      ? "nobody could see how busy it was"
      : `it was ${inPercent(engine.utilisation)} busy (limit ${inPercent(ENGINE_UTILISATION_LIMIT)})`;
  return `The load generator was saturated: it ran ${inMs(engine.lagMs.p99)} late (p99, limit ${ENGINE_LAG_P99_LIMIT_MS} ms) and ${busy}. Use fewer sessions or a lower rate.`;
}

/** An engine with a clock of its own says how well it knows the instances' one; whatever it says, nothing is read before it is published. */
function clocksDiffer({ record: { engine }, counts: { receivedEarly } }: Evidence): string | null {
  const errorMs = engine?.clockErrorMs;
  if (errorMs === null)
    return "The load generator's readings of the instances' clocks contradict each other, so its times cannot be set against theirs.";
  if (errorMs !== undefined && errorMs > CLOCK_TOLERANCE_MS)
    return `The load generator knows the instances' clocks to within ${inMs(errorMs)} only (limit ${CLOCK_TOLERANCE_MS} ms).`;
  return receivedEarly.count === 0
    ? null
    : `${plural(receivedEarly.count, "event was", "events were")} read more than ${CLOCK_TOLERANCE_MS} ms before being published (worst: ${inMs(receivedEarly.worstMs)}): the clocks differ.`;
}

/** Pairs that were never published, or that no ledger tells of, are no sign of a slow publisher: other rules ask for them. */
function publisherIsSlow({ counts, load }: Evidence): string | null {
  const asked = counts.plannedPublished + counts.indeterminateBy.running;
  if (asked === 0 || load.offeredEventsPerSecond === 0) return null;
  const share = counts.publishedUnderLoad / asked;
  if (share >= ACHIEVED_SHARE_LIMIT) return null;
  const latenessMs = counts.lateness.percentileMs(99);
  const limit =
    latenessMs > PUBLISH_LATENESS_P99_LIMIT_MS
      ? `the publishers ran ${inMs(latenessMs)} behind their plan (p99), so the server or its host was the limit`
      : `although the publishers kept to their plan (p99 ${inMs(latenessMs)} late), so the load began or ended at another time than planned`;
  return `Only ${inPercent(share)} of the planned events were published before the drain began: ${limit}.`;
}

function bounceIsUnfinished({ context: { bounces, drainStartedMs } }: Evidence): string | null {
  const late = bounces.find(({ endedMs }) => endedMs === null || endedMs > (drainStartedMs ?? Infinity));
  return late === undefined
    ? null
    : `The bounce of ${late.target} had not ended when the drain began, so its effect is not all on record.`;
}

/** Taking the deployment down, after the drain, ends every part of it; an outage ends its own part, as long as it lasts. */
function partEnded({ record, context }: Evidence): string | null {
  const { loadStartedMs, drainEndedMs, bounces } = context;
  const byOutage = ({ part, atMs }: PartExitObservation): boolean =>
    bounces.some(
      ({ kind, target, startedMs, endedMs }) =>
        kind === "realtime-outage" &&
        target === part &&
        atMs >= startedMs - CLOCK_TOLERANCE_MS &&
        atMs <= (endedMs ?? Infinity) + CLOCK_TOLERANCE_MS,
    );
  const [first] = record.partExits
    .filter((exit) => exit.atMs < drainEndedMs && !byOutage(exit))
    .sort((a, b) => a.atMs - b.atMs || (a.part < b.part ? -1 : 1));
  if (first === undefined) return null;
  const sinceS = (first.atMs - (loadStartedMs ?? first.atMs)) / 1000;
  const when = `${Number(Math.abs(sinceS).toFixed(1))} s ${sinceS < 0 ? "before" : "after"} the load began`;
  return `A part of the deployment that no bounce was to touch ended by itself: ${first.part}, ${when}.`;
}

/**
 * Where publisher and subscriber meet by chance, the loss is known beforehand; another figure means that the lab routes
 * otherwise than it says. Not with gates: a pipeline without a route stops at its first one, so its later events are never published.
 */
function chanceIsOff({ record: { run }, counts }: Evidence): string | null {
  if (run === null || !run.promise.routedByChance || run.bounce !== "none" || run.load.gates > 0) return null;
  if (counts.due === 0 || counts.sessions === 0) return null;
  const expected = (run.replicas - 1) / run.replicas;
  const measured = counts.outcomes.lost / counts.due;
  const margin = CHANCE_SIGMAS * Math.sqrt((expected * (1 - expected)) / counts.sessions) + CHANCE_MARGIN;
  if (Math.abs(measured - expected) <= margin) return null;
  return `${inPercent(measured)} of the pairs were lost, but with ${plural(run.replicas, "replica")} chance gives ${inPercent(expected)} (± ${inPercent(margin)}): the lab itself is suspect.`;
}
