import { describe, expect, it } from "vitest";
import type { Observation } from "../../history/observation.ts";
import { crossRunOf, type CrossRun } from "./cross-run.ts";
import { RunRecord } from "../records/run-record.ts";
import {
  bothLedgers,
  connected,
  connectedDirectly,
  disconnected,
  pipeline,
  planned,
  published,
  received,
  session,
  started,
} from "../test-support/story.ts";

function told(observations: Observation[]): CrossRun {
  const record = new RunRecord();
  const phases: Observation[] = [
    { type: "phase", phase: "load-started", atMs: 1000 },
    { type: "phase", phase: "drain-started", atMs: 5000 },
    { type: "phase", phase: "drain-ended", atMs: 9000 },
  ];
  for (const observation of [...phases, ...bothLedgers, ...observations])
    record.absorb(observation);
  return crossRunOf(record);
}
const stray = (name: string): Observation => ({
  type: "stray",
  session,
  connection: 1,
  name,
  atMs: 1500,
});
const twoStreams = (resume: string): Observation[] => [
  planned(2),
  connected(1000),
  disconnected(2000, "error"),
  connected(3000, { connection: 2, resume }),
];

describe("a run for a cross-check", () => {
  it("lists planned pairs' outcomes by number and counts pairs beyond the plan", () => {
    const { sessions } = told([
      planned(3),
      connected(1000),
      started,
      ...[1, 2, 3, 4].map((seq) =>
        published(seq, 1000 + seq * 100, { instance: "b", route: "local" }),
      ),
      ...[1, 3, 4, 4].map((seq, index) => received(seq, 1101 + seq * 100 + index)),
      pipeline("completed", 1500),
    ]);
    expect(sessions.get(session)).toEqual({
      outcomes: ["delivered", "lost", "delivered"],
      beyond: 1,
      duplicated: 1,
      connections: 1,
      ended: false,
    });
  });

  it("counts a missing Last-Event-ID only after a received event", () => {
    const forgetful = (resume: string, ...between: Observation[]): unknown =>
      told([...twoStreams(resume), ...between]).forgetful;
    const nobody = { count: 0, sessions: [] };
    expect(forgetful("none", received(1, 1500))).toEqual({ count: 1, sessions: [session] });
    expect(forgetful("none")).toEqual(nobody);
    expect(forgetful("none", received(1, 3500, 2))).toEqual(nobody);
    expect(forgetful("unsupported", received(1, 1500))).toEqual(nobody);
    expect(forgetful("replayed", received(1, 1500))).toEqual(nobody);
  });

  it("expects no Last-Event-ID on a stream from the broker itself", () => {
    const streams = [
      connectedDirectly(1000),
      disconnected(2000, "error"),
      connectedDirectly(3000, 2),
    ];
    expect(told([planned(2), ...streams, received(1, 1500)]).forgetful.count).toBe(0);
  });

  it("has stray events by name, the bounces' duration and the engine's clock error", () => {
    const run = told([
      planned(1),
      stray("message"),
      stray("ping"),
      stray("message"),
      ...(["started", "ended"] as const).map((state, index): Observation => ({
        type: "bounce",
        bounce: 1,
        kind: "crash",
        target: "a",
        state,
        atMs: 2000 + index * 700,
      })),
      { type: "engine", lagMs: { p99: 1, max: 1 }, workers: 1, clockErrorMs: 3 },
    ]);
    expect([...run.strays]).toEqual([
      ["message", { count: 2, sessions: [session] }],
      ["ping", { count: 1, sessions: [session] }],
    ]);
    expect(run).toMatchObject({ bouncedMs: 700, clockErrorMs: 3 });
  });

  it("is unknown if the checker fails", () => {
    const { verdict, reasons } = told([planned(1), received(Number.NaN, 1500)]);
    expect(verdict).toBe("unknown");
    expect(reasons[0]).toContain("The checker failed");
  });
});
