import { describe, expect, test } from "vitest";
import { eventsOf } from "./arrivals.ts";
import { scheduleSessions } from "./load-schedule.ts";
import { smallPlan } from "../test-support/load-plan.ts";

const plan = smallPlan("http://127.0.0.1:1", { sessions: 20_000, rampS: 10 });

test("the same seed gives the same bytes, whatever the target", () => {
  const here = JSON.stringify(scheduleSessions(plan));
  const there = JSON.stringify(
    scheduleSessions({ ...plan, url: "http://127.0.0.2:2", client: "eventsource" }),
  );
  expect(there).toBe(here);
});

test.each([
  ["seed", { seed: 2 }],
  ["repeat", { repeat: 2 }],
])("another %s gives other arrivals, pipelines and background requests", (_, change) => {
  const [a, b] = [scheduleSessions(plan), scheduleSessions({ ...plan, ...change })];
  expect(a.map((one) => one.arriveOffsetMs)).not.toEqual(b.map((one) => one.arriveOffsetMs));
  expect(a.map((one) => one.pipelineSeed)).not.toEqual(b.map((one) => one.pipelineSeed));
  expect(a.map((one) => one.background)).not.toEqual(b.map((one) => one.background));
});

test("with ramp, sessions arrive in order, spread evenly over the ramp", () => {
  const arrivals = scheduleSessions(plan).map((one) => one.arriveOffsetMs);
  expect(arrivals).toEqual([...arrivals].sort((a, b) => a - b));
  for (let second = 0; second < 10; second++) {
    const within = arrivals.filter((ms) => ms >= second * 1000 && ms < (second + 1) * 1000).length;
    expect(within / 2_000).toBeGreaterThan(0.9);
    expect(within / 2_000).toBeLessThan(1.1);
  }
});

describe.each([2, 3, 4, 5])("behind a round robin over %i instances", (replicas) => {
  test("a session alone starts its pipeline on its stream's instance with probability 1/N", () => {
    const sessions = scheduleSessions(plan);
    // The stream takes one turn, each background request one, and then comes the start.
    const same = sessions.filter((one) => (1 + one.background[2]) % replicas === 0).length;
    expect(same / sessions.length).toBeCloseTo(1 / replicas, 1.5);
  });
});

test.each([
  [10, 2, 20],
  [1.5, 1, 2],
  [0.1, 1, 2],
  [3, 0.5, 2],
])(
  "%f events per second over %f s are %i events, two at least",
  (eventsPerSecond, durationS, events) => {
    expect(eventsOf({ ...plan, eventsPerSecond, durationS })).toBe(events);
  },
);
