import type { LoadPlan } from "./load-plan.ts";
import { seededRandom, type Random } from "../../../common/portable/seeded-random.ts";

/** What one session will do, drawn from the plan's seed alone. */
export interface SessionSchedule {
  /** Position in order of arrival. */
  index: number;
  /** `s<index>`, the same in every topology. */
  session: string;
  /** Milliseconds after the load's start. */
  arriveOffsetMs: number;
  events: number;
  pipelineSeed: number;
  /** Seeds the jitter of this session's back-off. */
  jitterSeed: number;
  /**
   * Background requests before the session is created, before its stream is opened, and before its
   * pipeline is started.
   */
  background: readonly [number, number, number];
}

/** Events of one pipeline run, the terminal one included. */
export const eventsOf = (plan: LoadPlan): number =>
  Math.max(2, Math.round(plan.eventsPerSecond * plan.durationS));

/**
 * Requests between opening the stream and starting the pipeline decide, under round robin, whether
 * both land on the same instance. With a fixed number of them every session would hit the same
 * pattern, so the number is random. The sum of three uniform draws over 3, 4 and 5 values is
 * exactly uniform modulo 2, 3, 4 and 5: a router with that many replicas and no affinity sends the
 * start to the stream's instance with probability 1/N, no more and no less.
 */
const requestsBeforeStart = (random: Random): number =>
  random.integer(0, 2) + random.integer(0, 3) + random.integer(0, 4);

/**
 * The open-loop schedule of a plan, in order of arrival: arrivals are uniformly random over
 * `rampS`. It depends on nothing but the plan, so every topology sees the same sessions.
 */
export const scheduleSessions = (plan: LoadPlan): SessionSchedule[] => {
  const random = seededRandom(plan.seed);
  const events = eventsOf(plan);
  const arrivals = Array.from(
    { length: plan.sessions },
    () => random.float() * plan.rampS * 1000,
  ).sort((a, b) => a - b);
  return arrivals.map((arriveOffsetMs, index) => ({
    index,
    session: `s${index}`,
    arriveOffsetMs,
    events,
    pipelineSeed: random.integer(0, 0x7fffffff),
    jitterSeed: random.integer(0, 0x7fffffff),
    background: [random.integer(0, 2), random.integer(0, 2), requestsBeforeStart(random)],
  }));
};
