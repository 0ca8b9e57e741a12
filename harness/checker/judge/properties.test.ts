import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Observation } from "../../history/observation.ts";
import { runObservation } from "../../history/test-support/run-observation.ts";
import { judgeRun, judgeSafely } from "../judge-run.ts";
import type { RunResult } from "../run-result.ts";
import { OUTCOMES } from "./outcome.ts";
import { fateOf, FRAME, NOTHING, story, tell } from "../test-support/told-story.ts";

const seq = fc.integer({ min: 1, max: 5 });
// Coarse, so that many records share a time.
const atMs = fc.integer({ min: 0, max: 20 }).map((step) => step * 100);
const session = fc.constantFrom("s0", "s1", "s2");
const epoch = fc.constantFrom("e1", "e2");
const instance = fc.constantFrom("a", "b");
const connection = fc.integer({ min: 1, max: 3 });
const constant = fc.constant;

/**
 * Records that need not make any sense together: the checker has to give each due pair one outcome
 * all the same.
 */
const anyObservation: fc.Arbitrary<Observation> = fc.oneof(
  fc.record({ type: constant("planned"), session, events: fc.nat(6), arriveMs: atMs }),
  fc.record(
    {
      type: constant("connected"),
      session,
      connection,
      instance,
      subscribedMs: atMs,
      resume: fc.constantFrom(
        "none",
        "unsupported",
        "replayed",
        "window-exceeded",
        "epoch-changed",
      ),
      atMs,
    },
    // Without an instance it is a stream of the broker's own.
    { requiredKeys: ["type", "session", "connection", "subscribedMs", "resume", "atMs"] },
  ),
  fc.record({
    type: constant("disconnected"),
    session,
    connection,
    reason: fc.constantFrom("ended", "error", "hint", "quota", "finished", "drained"),
    detail: fc.constantFrom("", "Too many messages per second", "Too many joins per second"),
    atMs,
  }),
  fc.record(
    {
      type: constant("received"),
      session,
      connection,
      epoch,
      seq,
      terminal: fc.boolean(),
      sentMs: atMs,
      publishedMs: atMs,
      total: fc.nat(6),
      atMs,
    },
    { requiredKeys: ["type", "session", "connection", "epoch", "seq", "terminal", "atMs"] },
  ),
  fc.record({ type: constant("terminal"), session, connection, atMs }),
  fc.record({
    type: constant("stray"),
    session,
    connection,
    name: fc.constantFrom("message", "ping"),
    atMs,
  }),
  fc.record({
    type: constant("published"),
    session,
    epoch,
    seq,
    instance,
    intendedMs: atMs,
    atMs,
    route: fc.constantFrom("local", "broker", "fallback"),
  }),
  fc.record({
    type: constant("dropped"),
    session,
    epoch,
    seq,
    instance,
    reason: fc.constantFrom("quota", "outage", "refused"),
    atMs,
  }),
  fc.record({
    type: constant("pipeline"),
    session,
    epoch,
    instance,
    state: fc.constantFrom("started", "completed", "aborted"),
    total: constant(5),
    atMs,
  }),
  fc.record({
    type: constant("gate"),
    session,
    gate: fc.constantFrom("g1", "g2"),
    state: fc.constantFrom("offered", "answered", "reached"),
    status: fc.constantFrom(202, 409),
    atMs,
  }),
  fc.record({
    type: constant("request"),
    session,
    request: fc.constantFrom("start", "token", "log"),
    status: fc.constantFrom(0, 202, 429, 503),
    instance,
    atMs,
  }),
  fc.record({
    type: constant("broker"),
    instance,
    state: fc.constantFrom("up", "down", "limited"),
    atMs,
  }),
  fc.record({
    type: constant("ledger"),
    instance,
    state: fc.constantFrom("read", "torn", "missing"),
    records: fc.nat(9),
  }),
  fc.record({
    type: constant("bounce"),
    bounce: fc.integer({ min: 1, max: 2 }),
    kind: fc.constantFrom("crash", "realtime-outage"),
    target: fc.constantFrom("a", "b", "broker"),
    state: fc.constantFrom("started", "ended"),
    atMs,
  }),
  fc.record({
    type: constant("instance"),
    instance,
    state: fc.constantFrom("started", "ready", "not-ready", "stopped", "killed"),
    atMs,
  }),
  fc.record({
    type: constant("usage"),
    part: fc.constantFrom("a", "b", "router"),
    role: fc.constantFrom("server", "router"),
    incarnation: fc.constantFrom("1", "2"),
    source: fc.constantFrom("cgroup", "procfs"),
    cpuSeconds: fc.nat(9),
    memoryBytes: fc.nat(9),
    sentBytes: fc.nat(9),
    atMs,
  }),
  fc.record({ type: constant("part-exit"), part: fc.constantFrom("router", "broker"), atMs }),
  fc.record({
    type: constant("connect-failed"),
    session,
    connection,
    status: fc.constantFrom(0, 403, 502),
    reason: fc.constantFrom("refused", "Too many connected users"),
    quota: fc.boolean(),
    fatal: fc.boolean(),
    atMs,
  }),
  fc.record({
    type: constant("engine"),
    lagMs: constant({ p99: 1, max: 2 }),
    utilisation: fc.constantFrom(0.1, 0.9),
    cpuSeconds: fc.nat(9),
    rssBytes: fc.nat(9),
    workers: constant(1),
    clockErrorMs: fc.constantFrom(null, 0.5, 9),
    publishClockErrorMs: fc.constantFrom(null, 0, 9),
  }),
  fc.record({
    type: constant("phase"),
    phase: fc.constantFrom("load-started", "loaded", "drain-started", "drain-ended"),
    atMs,
  }),
);

const anyRun: fc.Arbitrary<Observation> = fc.record(
  {
    type: constant("run"),
    topology: constant("example"),
    bounce: fc.constantFrom("none", "crash"),
    repeat: constant(1),
    seed: constant(1),
    replicas: constant(2),
    atMs: constant(0),
    startedAt: constant(""),
    promise: constant({
      allowedCauses: [],
      neverPublishedAllowed: false,
      routedByChance: false,
      sentence: "",
    }),
    load: constant({ sessions: 3, eventsPerSecond: 10, durationS: 1, gates: 0 }),
    notes: constant([]),
    withoutLedger: fc.record({
      sequence: fc.boolean(),
      total: fc.boolean(),
      terminal: fc.boolean(),
    }),
  },
  {
    requiredKeys: [
      "type",
      "topology",
      "bounce",
      "repeat",
      "seed",
      "replicas",
      "atMs",
      "startedAt",
      "promise",
      "load",
      "notes",
    ],
  },
);

const sumOf = (result: RunResult): number =>
  OUTCOMES.reduce((sum, outcome) => sum + result[outcome], 0);

describe("random records", () => {
  const history = fc
    .tuple(fc.option(anyRun), fc.array(anyObservation, { maxLength: 60 }))
    .map(([run, observations]) => (run === null ? observations : [run, ...observations]));

  it("give every due pair exactly one outcome, and every loss exactly one cause", () => {
    fc.assert(
      fc.property(history, (observations) => {
        const result = judgeRun(observations);
        expect(sumOf(result)).toBe(result.due);
        expect(Object.values(result.lostByCause).reduce((sum, lost) => sum + lost, 0)).toBe(
          result.lost,
        );
        const missedIn = Object.values(result.withoutLedger?.missedIn ?? {});
        expect(missedIn.reduce((sum, missed) => sum + missed, 0)).toBe(result.missed);
      }),
      { numRuns: 500 },
    );
  });

  it("give every stuck stream one reason, and no deploy more losses than the run", () => {
    fc.assert(
      fc.property(history, (observations) => {
        const { stuck, stuckStreams, deploy, lost } = judgeRun(observations);
        const reasons = stuck === null ? [] : Object.values(stuck);
        expect(reasons.reduce((sum: number, count: number) => sum + count, 0)).toBe(stuckStreams);
        if (deploy === null) return;
        const { livedOn, doomed } = deploy.blackoutS;
        const lostS = livedOn.mean * livedOn.streams + doomed.mean * doomed.streams;
        const rate = observations.flatMap((one) => (one.type === "run" ? [one.load] : []))[0];
        expect(lostS * (rate?.eventsPerSecond ?? 0)).toBeLessThanOrEqual(lost + 1e-6);
        expect(deploy.killed).toBeLessThanOrEqual(deploy.running);
        expect(deploy.away.neverBack).toBeLessThanOrEqual(deploy.away.cut);
      }),
      { numRuns: 500 },
    );
  });

  it("give the same bytes when judged twice, and in any order", () => {
    const shuffled = history.chain((observations) =>
      fc.tuple(
        constant(observations),
        fc.shuffledSubarray(observations, { minLength: observations.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([observations, otherOrder]) => {
        const bytes = JSON.stringify(judgeRun(observations));
        expect(JSON.stringify(judgeRun(observations))).toBe(bytes);
        expect(JSON.stringify(judgeRun(otherOrder))).toBe(bytes);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a consistent story", () => {
  it("yields the planted outcomes and causes, each counted once", () => {
    fc.assert(
      fc.property(fc.array(story, { minLength: 1, maxLength: 6 }), (stories) => {
        const expected = { ...NOTHING };
        let duplicated = 0;
        for (const told of stories) {
          for (let number = 1; number <= told.events; number++) {
            const fate = fateOf(told, number);
            expected[fate]++;
            if ((fate === "delivered" || fate === "recovered") && told.receivedTwice.has(number))
              duplicated++;
          }
        }
        const result = judgeRun([...FRAME, ...stories.flatMap(tell)]);
        expect({
          delivered: result.delivered,
          recovered: result.recovered,
          "while-disconnected": result.lostByCause["while-disconnected"],
          "in-flight-at-disconnect": result.lostByCause["in-flight-at-disconnect"],
          unexplained: result.lostByCause.unexplained,
          neverPublished: result.neverPublished,
        }).toEqual(expected);
        expect(result).toMatchObject({
          due: stories.reduce((sum, { events }) => sum + events, 0),
          indeterminate: 0,
          duplicated,
          reordered: 0,
          unexpected: 0,
        });
      }),
      { numRuns: 500 },
    );
  });
});

describe("a checker that fails", () => {
  it("gives the verdict unknown with the error", () => {
    const run = runObservation({ repeat: 2, replicas: 2, notes: ["A note."] });
    const impossible = {
      type: "received",
      session: "s0",
      connection: 1,
      epoch: "e1",
      seq: NaN,
      atMs: 1,
    } as const;
    expect(() => judgeRun([run, impossible])).toThrow("not a number");
    expect(judgeSafely([run, impossible])).toMatchObject({
      topology: "example",
      repeat: 2,
      verdict: "unknown",
      reasons: [
        "A note.",
        "The checker failed: epoch e1 has an event whose number is not a number",
      ],
      due: 0,
    });
  });
});
