import fc from "fast-check";
import { expect, test } from "vitest";
import { TERMINAL_EVENT_TYPES, type PipelinePlan } from "../contract/events.ts";
import { planEvents } from "./plan-events.ts";

const plans: fc.Arbitrary<PipelinePlan> = fc
  .record({
    events: fc.integer({ min: 1, max: 300 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .chain(({ events, share }) =>
    fc.record({
      events: fc.constant(events),
      gates: fc.constant(Math.floor(share * (events - 1))),
      eventsPerSecond: fc.constant(10),
      payloadBytes: fc.integer({ min: 0, max: 500 }),
      seed: fc.integer(),
    }),
  );

test("has the requested number of events from 1, and only the last is terminal", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      const events = [...planEvents(plan)];
      expect(events.map(({ seq }) => seq)).toEqual(
        Array.from({ length: plan.events }, (_, index) => index + 1),
      );
      expect(events.filter(({ type }) => TERMINAL_EVENT_TYPES.has(type))).toEqual([events.at(-1)]);
    }),
  );
});

test("has exactly the asked number of gates, each under its own name, in order", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      const gates = [...planEvents(plan)].filter(({ type }) => type === "pipeline_gate");
      expect(gates.map(({ payload }) => payload["gate"])).toEqual(
        Array.from({ length: plan.gates }, (_, index) => `gate-${index + 1}`),
      );
    }),
  );
});

test("spreads the gates evenly", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      const at = [...planEvents(plan)]
        .filter(({ type }) => type === "pipeline_gate")
        .map(({ seq }) => seq);
      const distances = at.slice(1).map((seq, index) => seq - (at[index] ?? 0));
      if (distances.length > 0)
        expect(Math.max(...distances) - Math.min(...distances)).toBeLessThanOrEqual(1);
    }),
  );
});

test("gives every payload exactly the asked number of bytes", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      for (const { payload } of planEvents(plan))
        expect(Buffer.byteLength(payload.text)).toBe(plan.payloadBytes);
    }),
  );
});

test("is the same for the same plan and another for another seed", () => {
  const plan: PipelinePlan = {
    events: 200,
    gates: 2,
    eventsPerSecond: 5,
    payloadBytes: 100,
    seed: 42,
  };
  expect([...planEvents(plan)]).toEqual([...planEvents(plan)]);
  expect([...planEvents({ ...plan, seed: 43 })]).not.toEqual([...planEvents(plan)]);
});

test("completes every stage that it starts, before the next one starts", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      let open: unknown;
      for (const { type, payload } of planEvents(plan)) {
        if (type === "stage_start") {
          expect(open).toBeUndefined();
          open = payload["stage"];
        } else if (type === "stage_complete") {
          expect(payload["stage"]).toBe(open);
          open = undefined;
        }
      }
      expect(open).toBeUndefined();
    }),
  );
});

test("shows every kind of event in a run of ordinary length", () => {
  const types = new Set(
    [...planEvents({ events: 200, gates: 1, eventsPerSecond: 5, payloadBytes: 1, seed: 1 })].map(
      ({ type }) => type,
    ),
  );
  expect([...types].sort()).toEqual(
    [
      "pipeline_complete",
      "pipeline_gate",
      "preferences",
      "replan",
      "section_draft",
      "stage_complete",
      "stage_start",
    ].sort(),
  );
});
