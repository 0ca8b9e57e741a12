/** When a run cannot be trusted, no matter what its figures say. */
import { plural } from "../../../common/portable/plural.ts";
import type { PartExitObservation } from "../../history/observation.ts";
import { knownToBePublished } from "../judge/outcome.ts";
import {
  ACHIEVED_SHARE_LIMIT,
  CHANCE_MARGIN,
  CHANCE_SIGMAS,
  CLOCK_TOLERANCE_MS,
  ENGINE_LAG_P99_LIMIT_MS,
  ENGINE_UTILISATION_LIMIT,
  PUBLISH_LATENESS_P99_LIMIT_MS,
} from "../thresholds.ts";
import { inMs, inPercent, type Evidence, type Rule } from "./evidence.ts";
import { bounceEndedNothing, instanceEndedByItself } from "./instance-ends.ts";

export const UNKNOWN_RULES = [
  {
    id: "no-run",
    when: ({ record }) =>
      record.run === null ? "The history does not say which run this is." : null,
  },
  { id: "no-plan", when: planIsMissing },
  {
    id: "contradictory",
    when: ({ record, counts }) => {
      const count = record.contradictions.count + counts.contradictions.count;
      const examples = [record.contradictions.example, counts.contradictions.example];
      const example = examples.filter(Boolean).sort()[0] ?? "";
      return count === 0
        ? null
        : `The history contradicts itself ${plural(count, "time")}, e.g. ${example}.`;
    },
  },
  {
    id: "nothing-connected",
    when: ({ counts }) =>
      counts.sessions > 0 && counts.neverConnected === counts.sessions
        ? `None of ${plural(counts.sessions, "session")} ever connected.`
        : null,
  },
  {
    id: "no-drain",
    when: ({ record }) =>
      record.phases.has("load-started") &&
      record.phases.has("drain-started") &&
      record.phases.has("drain-ended")
        ? null
        : "The run did not reach its end: load-started, drain-started or drain-ended is not on " +
          "record.",
  },
  {
    id: "engine-silent",
    when: ({ record }) =>
      record.engine === null
        ? "The load generator reported nothing about itself, so it may have been the limit."
        : null,
  },
  { id: "engine-saturated", when: engineIsSaturated },
  {
    id: "publisher-silent",
    when: ({ counts }) =>
      counts.published === 0 && counts.neverConnected < counts.sessions
        ? "Nothing was published, although " +
          `${plural(counts.sessions - counts.neverConnected, "session")} connected.`
        : null,
  },
  { id: "publisher-slow", when: publisherIsSlow },
  { id: "clocks-off", when: clocksDiffer },
  {
    id: "bounce-missing",
    when: ({ record, context: { bounces } }) =>
      record.run !== null && record.run.bounce !== "none" && bounces.length === 0
        ? `The planned ${record.run.bounce} bounce never happened.`
        : null,
  },
  { id: "bounce-unfinished", when: bounceIsUnfinished },
  {
    id: "bounce-failed",
    when: ({ context: { bounces } }) => {
      const failed = bounces.find(({ error }) => error !== null);
      return failed === undefined
        ? null
        : `The bounce of ${failed.target} failed: ${failed.error ?? ""}`;
    },
  },
  { id: "bounce-idle", when: bounceEndedNothing },
  { id: "part-exit", when: partEnded },
  { id: "instance-exit", when: instanceEndedByItself },
  {
    id: "ledger-incomplete",
    when: ({ counts, context }) => {
      const whose = context.facts.incompleteLedgers().join(", ") || "every instance";
      return counts.indeterminateBy.unrecorded === 0
        ? null
        : `${plural(counts.indeterminateBy.unrecorded, "pair")} cannot be judged: the ledger of ` +
            `${whose} is missing, torn or contradicts itself.`;
    },
  },
  {
    id: "not-drained",
    when: ({ counts: { indeterminateBy } }) =>
      indeterminateBy.running + indeterminateBy.late === 0
        ? null
        : `${plural(indeterminateBy.running + indeterminateBy.late, "pair")} cannot be judged: ` +
          `when the drain ended, pipelines of ${indeterminateBy.running} were still running, ` +
          `and ${indeterminateBy.late} had been published too shortly before.`,
  },
  { id: "chance-off", when: chanceIsOff },
] as const satisfies readonly Rule[];

function planIsMissing({ record, counts }: Evidence): string | null {
  if (counts.sessions === 0) return "No session was planned, so nothing is due.";
  const { sessions: promised = counts.sessions, arrival } = record.run?.load ?? {};
  // Of a stationary load, this many are open at once, and others follow them.
  const isWhole =
    arrival === "stationary" ? counts.sessions >= promised : counts.sessions === promised;
  if (isWhole) return null;
  return `The scenario asks for ${plural(promised, "session")}, but ${counts.sessions} are planned.`;
}

function engineIsSaturated({ record: { engine } }: Evidence): string | null {
  if (engine === null) return null;
  const late = engine.lagMs.p99 > ENGINE_LAG_P99_LIMIT_MS;
  if (!late && (engine.utilisation ?? 0) <= ENGINE_UTILISATION_LIMIT) return null;
  const busy =
    engine.utilisation === undefined
      ? "its utilisation is unknown"
      : `it was ${inPercent(engine.utilisation)} busy (limit ` +
        `${inPercent(ENGINE_UTILISATION_LIMIT)})`;
  const lag = `it ran ${inMs(engine.lagMs.p99)} late (p99, limit ${ENGINE_LAG_P99_LIMIT_MS} ms)`;
  return `The load generator was saturated: ${lag} and ${busy}. Use fewer sessions or a lower rate.`;
}

/**
 * An engine with a clock of its own reports how well it knows the instances' clock. No engine may
 * read an event before it is published.
 */
function clocksDiffer({ record: { engine }, counts: { receivedEarly } }: Evidence): string | null {
  const errorMs = engine?.clockErrorMs;
  if (errorMs === null)
    return (
      "The load generator's readings of the instances' clocks contradict each other, " +
      "so its times cannot be compared with theirs."
    );
  if (errorMs !== undefined && errorMs > CLOCK_TOLERANCE_MS)
    return (
      `The load generator knows the instances' clocks only to within ${inMs(errorMs)} ` +
      `(limit ${CLOCK_TOLERANCE_MS} ms).`
    );
  return receivedEarly.count === 0
    ? null
    : `The clocks differ: ${plural(receivedEarly.count, "event was", "events were")} read ` +
        "more than " +
        `${CLOCK_TOLERANCE_MS} ms before publication (worst: ${inMs(receivedEarly.worstMs)}).`;
}

/** Unpublished and unrecorded pairs do not show a slow publisher: other rules cover them. */
function publisherIsSlow({ counts, load }: Evidence): string | null {
  const asked = counts.plannedPublished + counts.indeterminateBy.running;
  if (asked === 0 || load.offeredEventsPerSecond === 0) return null;
  const share = counts.publishedUnderLoad / asked;
  if (share >= ACHIEVED_SHARE_LIMIT) return null;
  const latenessMs = counts.lateness.percentileMs(99);
  const why =
    latenessMs > PUBLISH_LATENESS_P99_LIMIT_MS
      ? `The publishers ran ${inMs(latenessMs)} behind their plan (p99), so the server or ` +
        "its host was the limit."
      : `The publishers kept to their plan (p99 ${inMs(latenessMs)} late), ` +
        "so the load began or ended at another time than planned.";
  return (
    `Only ${inPercent(share)} of the planned events were published before the drain began. ` + why
  );
}

function bounceIsUnfinished({ context: { bounces, drainStartedMs } }: Evidence): string | null {
  const late = bounces.find(
    ({ endedMs }) => endedMs === null || endedMs > (drainStartedMs ?? Infinity),
  );
  return late === undefined
    ? null
    : `The bounce of ${late.target} was still under way when the drain began, so part of its ` +
        "effect is missing.";
}

/**
 * Teardown, after the drain, ends every component; an outage ends its own component while it lasts.
 */
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
  const when =
    `${Number(Math.abs(sinceS).toFixed(1))} s ${sinceS < 0 ? "before" : "after"} the load ` +
    "began";
  return `Component ${first.part} ended by itself ${when}, although no bounce targets it.`;
}

/**
 * If publisher and subscriber meet by chance, the expected loss is known. Another figure means that
 * the lab does not route as it claims. Gates are excluded: a pipeline without a route stops at its
 * first gate and never publishes its later events.
 */
function chanceIsOff({ record: { run }, counts }: Evidence): string | null {
  if (run === null || !run.promise.routedByChance || run.bounce !== "none" || run.load.gates > 0)
    return null;
  const published = knownToBePublished(counts.outcomes);
  if (published === 0 || counts.sessions === 0) return null;
  const expected = (run.replicas - 1) / run.replicas;
  const measured = counts.outcomes.lost / published;
  const margin =
    CHANCE_SIGMAS * Math.sqrt((expected * (1 - expected)) / counts.sessions) + CHANCE_MARGIN;
  if (Math.abs(measured - expected) <= margin) return null;
  return (
    `${inPercent(measured)} of the pairs were lost, but chance predicts ${inPercent(expected)} ` +
    `(± ${inPercent(margin)}) with ${plural(run.replicas, "replica")}: the lab itself is suspect.`
  );
}
