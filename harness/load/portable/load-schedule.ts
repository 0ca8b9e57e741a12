import type { PlannedLoad } from "./load-plan.ts";
import { rampArrivals, stationaryArrivals, type PlannedArrival } from "./arrivals.ts";
import { runSeed, seededRandom, type Random } from "../../../common/portable/seeded-random.ts";

/** What one session will do, drawn from the plan's seed and repeat alone. */
export interface SessionSchedule extends PlannedArrival {
  /** Position in order of arrival. */
  index: number;
  /** `s<index>`, the same in every topology. */
  session: string;
  pipelineSeed: number;
  /** Seeds the jitter of this session's back-off. */
  jitterSeed: number;
  /**
   * Background requests before the session is created, before its stream is opened, and before its
   * pipeline is started.
   */
  background: readonly [number, number, number];
}

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
 * The open-loop schedule of a plan, in order of arrival. It depends on nothing but the plan, so
 * every topology sees the same sessions.
 */
export const scheduleSessions = (plan: PlannedLoad): SessionSchedule[] => {
  const random = seededRandom(runSeed(plan));
  const arrivals = plan.arrival === "ramp" ? rampArrivals : stationaryArrivals;
  return arrivals(plan, random)
    .sort((a, b) => a.arriveOffsetMs - b.arriveOffsetMs)
    .map((arrival, index) => ({
      index,
      session: `s${index}`,
      ...arrival,
      pipelineSeed: random.integer(0, 0x7fffffff),
      jitterSeed: random.integer(0, 0x7fffffff),
      background: [random.integer(0, 2), random.integer(0, 2), requestsBeforeStart(random)],
    }));
};

/** The load's times, milliseconds after its start. */
export interface PlannedTimes {
  /** The first population has arrived; with `ramp`, the last session. */
  loadedMs: number;
  /** Figures count from here on. Absent with `ramp`. */
  measuredMs?: number;
  /** Every pipeline should have ended. */
  drainMs: number;
  /** The drain ends at the latest. */
  deadlineMs: number;
}

/** @param schedule of the plan, in order of arrival */
export function plannedTimes(
  schedule: readonly Pick<SessionSchedule, "arriveOffsetMs">[],
  plan: PlannedLoad,
): PlannedTimes {
  const longestDrainMs = plan.drainS * 1000;
  if (plan.arrival === "ramp") {
    const loadedMs = schedule.at(-1)?.arriveOffsetMs ?? 0;
    const drainMs = loadedMs + plan.durationS * 1000;
    return { loadedMs, drainMs, deadlineMs: drainMs + longestDrainMs };
  }
  const rampMs = plan.rampS * 1000;
  const lastOfRamp = schedule.filter((one) => one.arriveOffsetMs <= rampMs).at(-1);
  const drainMs = plan.durationS * 1000;
  return {
    loadedMs: lastOfRamp?.arriveOffsetMs ?? 0,
    measuredMs: plan.warmUpS * 1000,
    drainMs,
    deadlineMs: drainMs + longestDrainMs,
  };
}
