import fc from "fast-check";
import { expect, test } from "vitest";
import { ARRIVALS } from "../portable/load-plan.ts";
import { scheduleSessions } from "../portable/load-schedule.ts";
import { smallPlan } from "../test-support/load-plan.ts";
import { divide, sessionsOf, WHOLE } from "./shard.ts";

const plans = fc
  .record({
    arrival: fc.constantFrom(...ARRIVALS),
    sessions: fc.integer({ min: 1, max: 60 }),
    durationS: fc.integer({ min: 1, max: 20 }),
    pipelineS: fc.integer({ min: 1, max: 8 }),
    rampS: fc.integer({ min: 0, max: 3 }),
    seed: fc.nat(),
    repeat: fc.integer({ min: 1, max: 5 }),
  })
  .map((changes) => smallPlan("http://127.0.0.1:1", { ...changes, eventsPerSecond: 4 }));

test("the shards of all machines and threads are the plan, session by session", () => {
  fc.assert(
    fc.property(
      plans,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 4 }),
      (plan, machines, threads) => {
        const whole = scheduleSessions(plan);
        const parts = divide(WHOLE, machines).flatMap((shard) =>
          // Each thread of each machine draws the schedule anew.
          divide(shard, threads).flatMap((part) => sessionsOf(scheduleSessions(plan), part)),
        );
        expect(parts.sort((a, b) => a.index - b.index)).toEqual(whole);
      },
    ),
  );
});

test("a shard has its sessions in the order of their arrival, about as many as each other", () => {
  fc.assert(
    fc.property(plans, fc.integer({ min: 1, max: 7 }), (plan, of) => {
      const parts = divide(WHOLE, of).map((shard) => sessionsOf(scheduleSessions(plan), shard));
      const sizes = parts.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      for (const part of parts)
        expect(part).toEqual([...part].sort((a, b) => a.arriveOffsetMs - b.arriveOffsetMs));
    }),
  );
});
