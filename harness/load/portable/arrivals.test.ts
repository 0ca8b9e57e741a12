import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { smallPlan } from "../test-support/load-plan.ts";
import type { LoadPlan } from "./load-plan.ts";
import { plannedTimes, scheduleSessions, type SessionSchedule } from "./load-schedule.ts";

const stationary = (changes: Partial<LoadPlan> = {}): LoadPlan =>
  smallPlan("http://127.0.0.1:1", {
    arrival: "stationary",
    sessions: 400,
    eventsPerSecond: 5,
    durationS: 40,
    pipelineS: 6,
    warmUpS: 4,
    rampS: 3,
    ...changes,
  });

/** When a session's pipeline ends, seconds after the load's start. */
const endS = ({ arriveOffsetMs, events }: SessionSchedule, { eventsPerSecond }: LoadPlan): number =>
  arriveOffsetMs / 1000 + events / eventsPerSecond;

const openAt = (schedule: readonly SessionSchedule[], plan: LoadPlan, atS: number) =>
  schedule.filter((one) => one.arriveOffsetMs / 1000 <= atS && endS(one, plan) > atS);

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe("stationary arrivals", () => {
  const plan = stationary();
  const schedule = scheduleSessions(plan);

  test("keep about as many streams open as there are sessions, at any time after the ramp", () => {
    // A pipeline ends with its last whole event, up to an interval before its place is free.
    for (let atS = plan.rampS; atS < plan.durationS - 1; atS += 1.7) {
      const open = openAt(schedule, plan, atS).length;
      expect(open / plan.sessions).toBeGreaterThan(0.95);
      expect(open).toBeLessThanOrEqual(plan.sessions);
    }
  });

  test("arrive at the mean rate that keeps the population, also in any part of the load", () => {
    const perSecond = plan.sessions / plan.pipelineS;
    for (const fromS of [3, 13, 23]) {
      const within = schedule.filter(
        ({ arriveOffsetMs }) =>
          arriveOffsetMs >= fromS * 1000 && arriveOffsetMs < (fromS + 10) * 1000,
      );
      expect(within.length / 10 / perSecond).toBeGreaterThan(0.9);
      expect(within.length / 10 / perSecond).toBeLessThan(1.1);
    }
  });

  test("have pipelines of 0.5 to 1.5 times the mean, after the first of each place", () => {
    const later = schedule.filter(
      ({ arriveOffsetMs }) => arriveOffsetMs > 12_000 && arriveOffsetMs < 30_000,
    );
    const lengthsS = later.map(({ events }) => events / plan.eventsPerSecond);
    expect(mean(lengthsS)).toBeGreaterThan(plan.pipelineS * 0.93);
    expect(mean(lengthsS)).toBeLessThan(plan.pipelineS * 1.03);
    expect(Math.min(...lengthsS)).toBeGreaterThan(plan.pipelineS * 0.45);
    expect(Math.max(...lengthsS)).toBeLessThanOrEqual(plan.pipelineS * 1.5);
  });

  test("meet a bounce at any time with the same ages of pipelines", () => {
    const agesAt = (atS: number) =>
      mean(openAt(schedule, plan, atS).map(({ arriveOffsetMs }) => atS - arriveOffsetMs / 1000));
    // The mean age in equilibrium: the mean square of the lengths over twice their mean.
    const expected = (plan.pipelineS * (1 + 1 / 12)) / 2;
    for (const atS of [14, 20, 26, 32]) expect(agesAt(atS) / expected).toBeCloseTo(1, 0.8);
    // The first pipelines of the places have no past, but their remaining time is the same.
    const leftAt = (atS: number) =>
      mean(openAt(schedule, plan, atS).map((one) => endS(one, plan) - atS));
    for (const atS of [3, 10, 20, 30]) expect(leftAt(atS) / expected).toBeCloseTo(1, 0.8);
  });

  test("of any plan are reproducible, in order, end with the load and have two events or more", () => {
    const plans = fc.record({
      sessions: fc.integer({ min: 1, max: 60 }),
      eventsPerSecond: fc.double({ min: 0.5, max: 50, noNaN: true }),
      durationS: fc.double({ min: 5, max: 60, noNaN: true }),
      pipelineS: fc.double({ min: 1, max: 100, noNaN: true }),
      rampS: fc.double({ min: 0, max: 4, noNaN: true }),
      seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      repeat: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(plans, (changes) => {
        const asked = stationary(changes);
        const sessions = scheduleSessions(asked);
        expect(scheduleSessions({ ...asked })).toEqual(sessions);
        expect(plannedTimes(sessions, asked).drainMs).toBe(asked.durationS * 1000);
        let beforeMs = 0;
        for (const [index, one] of sessions.entries()) {
          expect(one).toMatchObject({ index, session: `s${index}` });
          expect(one.arriveOffsetMs).toBeGreaterThanOrEqual(beforeMs);
          expect(one.events).toBeGreaterThanOrEqual(2);
          expect(endS(one, asked)).toBeLessThanOrEqual(asked.durationS + 1e-6);
          beforeMs = one.arriveOffsetMs;
        }
        expect(openAt(sessions, asked, asked.rampS).length).toBeLessThanOrEqual(asked.sessions);
      }),
      { numRuns: 200 },
    );
  });
});
