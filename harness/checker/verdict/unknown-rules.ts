/** When a run cannot be trusted, no matter what its figures say. */
import { plural } from "../../../common/portable/plural.ts";
import type { PartExitObservation } from "../../history/observation.ts";
import { knownToBePublished } from "../judge/outcome.ts";
import {
  ACHIEVED_SHARE_LIMIT,
  CHANCE_MARGIN,
  CHANCE_SIGMAS,
  CHI_SQUARE_LEAST,
  CLOCK_TOLERANCE_MS,
  ENGINE_LAG_P99_LIMIT_MS,
  ENGINE_UTILISATION_LIMIT,
  HOST_DISTORTION_MS,
  PUBLISH_LATENESS_P99_LIMIT_MS,
} from "../thresholds.ts";
import { distortionMs, hostNoise } from "./host-noise.ts";
import { inMs, inPercent, type Evidence, type Rule } from "./evidence.ts";
import { nothingEnded, serviceFileIsWrong, stillReceives } from "./without-ledger.ts";
import { bounceLeftNothing } from "./bounce-evidence.ts";
import { instanceEndedByItself } from "./instance-ends.ts";

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
  { id: "misfit", when: serviceFileIsWrong },
  { id: "nothing-ended", when: nothingEnded },
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
    when: publisherIsSilent,
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
  { id: "bounce-idle", when: bounceLeftNothing },
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
    when: pairsAreUndecided,
  },
  { id: "still-receiving", when: stillReceives },
  { id: "host-busy", when: hostDistorts },
  { id: "chance-off", when: chanceIsOff },
] as const satisfies readonly Rule[];

function publisherIsSilent({ counts, context }: Evidence): string | null {
  const connected = counts.sessions - counts.neverConnected;
  const recorded = context.withoutLedger === null;
  if (connected === 0 || (recorded ? counts.published : connected - counts.nothingArrived) > 0)
    return null;
  const what = recorded ? "was published" : "arrived";
  return `Nothing ${what}, although ${plural(connected, "session")} connected.`;
}

function pairsAreUndecided({ record, counts: { indeterminateBy } }: Evidence): string | null {
  const { running, late, owed } = indeterminateBy;
  // In steady state, an overtaken event breaks the promise whatever became of it.
  const overtaken = record.run?.bounce === "none" ? 0 : indeterminateBy.overtaken;
  const kinds: [number, string][] = [
    [running, "belonged to pipelines that still ran"],
    [late, "had been published too shortly before"],
    [owed, "could still come by a replay, for which the client had no time to come back"],
    [overtaken, "may have been overtaken by the terminal event, at which the client left"],
  ];
  const found = kinds.filter(([count]) => count > 0);
  if (found.length === 0) return null;
  const all = found.reduce((sum, [count]) => sum + count, 0);
  const listed = found.map(([count, why]) => `${count} ${why}`).join(", ");
  return `${plural(all, "pair")} cannot be judged: when the drain ended, ${listed}.`;
}

function hostDistorts(evidence: Evidence): string | null {
  const noise = hostNoise(evidence);
  if (noise === null || distortionMs(evidence) <= HOST_DISTORTION_MS) return null;
  return (
    `${noise}, and the engine or the publishers ran ${inMs(distortionMs(evidence))} late (p99, ` +
    `limit ${HOST_DISTORTION_MS} ms on such a host).`
  );
}

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
function clocksDiffer({
  record: { engine },
  context: { withoutLedger },
  counts: { receivedEarly },
}: Evidence): string | null {
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
  // Publish times that events state are no ledger: latencies alone rest on them.
  return receivedEarly.count === 0 || withoutLedger !== null
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
      ({ target, startedMs, endedMs }) =>
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
 * Pearson's chi-square of all routed requests and streams over the instances. A router that goes
 * round is more even than chance, so only an uneven one is found.
 */
function routesAreUneven({ run, sessions }: Evidence["record"]): string | null {
  const replicas = run?.replicas ?? 1;
  const counts = new Map<string, number>();
  let all = 0;
  for (const { requests, connected } of sessions.values()) {
    for (const { instance } of [...requests, ...connected.values()]) {
      if (instance === undefined) continue;
      counts.set(instance, (counts.get(instance) ?? 0) + 1);
      all++;
    }
  }
  const expected = all / replicas;
  if (replicas < 2 || expected < CHI_SQUARE_LEAST) return null;
  const observed = [...counts.values()];
  const idle = Math.max(0, replicas - observed.length);
  const square = observed.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  const limit = chiSquareLimit(replicas - 1);
  const measured = square + idle * expected;
  if (measured <= limit) return null;
  const most = Math.max(...observed);
  return (
    `Of ${all} requests and streams, one of ${replicas} instances got ${inPercent(most / all)}, ` +
    `which chance does not explain (chi-square ${measured.toFixed(1)}, limit ` +
    `${limit.toFixed(1)}): the lab itself is suspect.`
  );
}

/** The quantile at `CHANCE_SIGMAS` (Wilson and Hilferty's approximation, PNAS 17, 1931). */
const chiSquareLimit = (freedoms: number): number => {
  const spread = 2 / (9 * freedoms);
  return freedoms * (1 - spread + CHANCE_SIGMAS * Math.sqrt(spread)) ** 3;
};

/**
 * If publisher and subscriber meet by chance, the expected loss is known. Another figure means that
 * the lab does not route as it claims. Gates are excluded: a pipeline without a route stops at its
 * first gate and never publishes its later events.
 */
function chanceIsOff({ record, counts }: Evidence): string | null {
  const { run } = record;
  if (run === null || !run.promise.routedByChance || run.bounce !== "none") return null;
  const uneven = routesAreUneven(record);
  if (uneven !== null) return uneven;
  if (run.load.gates > 0) return null;
  const { lost, missed } = counts.outcomes;
  const published = knownToBePublished(counts.outcomes) + missed;
  if (published === 0 || counts.sessions === 0) return null;
  const expected = (run.replicas - 1) / run.replicas;
  // Without a ledger, what is missed in steady state was lost, unless the service fell silent.
  const measured = (lost + missed) / published;
  const margin =
    CHANCE_SIGMAS * Math.sqrt((expected * (1 - expected)) / counts.sessions) + CHANCE_MARGIN;
  if (Math.abs(measured - expected) <= margin) return null;
  return (
    `${inPercent(measured)} of the pairs were lost, but chance predicts ${inPercent(expected)} ` +
    `(± ${inPercent(margin)}) with ${plural(run.replicas, "replica")}: the lab itself is suspect.`
  );
}
