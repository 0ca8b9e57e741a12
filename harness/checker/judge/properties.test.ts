import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Observation } from "../../history/observation.ts";
import { judgeRun, judgeSafely } from "../judge-run.ts";
import type { RunResult } from "../run-result.ts";
import { NOTICE_MS } from "../thresholds.ts";

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
      atMs,
    },
    { requiredKeys: ["type", "session", "connection", "epoch", "seq", "terminal", "atMs"] },
  ),
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
  }),
  fc.record({
    type: constant("phase"),
    phase: fc.constantFrom("load-started", "loaded", "drain-started", "drain-ended"),
    atMs,
  }),
);

const sumOf = (result: RunResult): number =>
  result.lost + result.delivered + result.recovered + result.neverPublished + result.indeterminate;

describe("random records", () => {
  const history = fc.array(anyObservation, { maxLength: 60 });

  it("give every due pair exactly one outcome, and every loss exactly one cause", () => {
    fc.assert(
      fc.property(history, (observations) => {
        const result = judgeRun(observations);
        expect(sumOf(result)).toBe(result.due);
        expect(Object.values(result.lostByCause).reduce((sum, lost) => sum + lost, 0)).toBe(
          result.lost,
        );
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

/** One session's story, told so that what must come out of it is known without the checker. */
interface Story {
  events: number;
  /** Events from this number on were never published: the instance died. */
  diesBefore: number;
  /** The stream is away for the publications from `awayFrom` up to, not including, `backAt`. */
  awayFrom: number;
  backAt: number;
  /** The next stream replays what was missed. */
  replays: boolean;
  /** Dropped without any reason, while the stream was up. */
  dropped: ReadonlySet<number>;
  receivedTwice: ReadonlySet<number>;
}

const story: fc.Arbitrary<Story> = fc
  .record({
    events: fc.integer({ min: 1, max: 12 }),
    diesBefore: fc.integer({ min: 1, max: 25 }),
    awayFrom: fc.integer({ min: 2, max: 12 }),
    awayFor: fc.integer({ min: 0, max: 4 }),
    replays: fc.boolean(),
    dropped: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 2 }),
    receivedTwice: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 2 }),
  })
  .map(({ awayFor, ...rest }) => ({
    ...rest,
    backAt: rest.awayFrom + awayFor,
    dropped: new Set(rest.dropped),
    receivedTwice: new Set(rest.receivedTwice),
  }));

const publishedMs = (number: number): number => 1000 + number * 100;

const NOTHING = {
  delivered: 0,
  recovered: 0,
  "while-disconnected": 0,
  "in-flight-at-disconnect": 0,
  unexplained: 0,
  neverPublished: 0,
};

/**
 * What the story says of one event. A dropped one was in flight when nothing after it came before
 * the cut, which came soon.
 */
function fateOf(told: Story, number: number): keyof typeof NOTHING {
  if (number >= told.diesBefore) return "neverPublished";
  if (number >= told.awayFrom && number < told.backAt)
    return told.replays ? "recovered" : "while-disconnected";
  if (!told.dropped.has(number)) return "delivered";
  const cutAfter = told.backAt > told.awayFrom && number < told.awayFrom;
  const streamEnd = Math.min(told.awayFrom, told.diesBefore, told.events + 1);
  for (let later = number + 1; later < streamEnd; later++) {
    if (!told.dropped.has(later)) return "unexplained";
  }
  const noticed = publishedMs(told.awayFrom) - 50 <= publishedMs(number) + NOTICE_MS;
  return cutAfter && noticed ? "in-flight-at-disconnect" : "unexplained";
}

function tell(told: Story, index: number): Observation[] {
  const name = `s${index}`;
  const pipelineInstance = `pipeline-${index}`;
  const common = { session: name, epoch: "e1" } as const;
  const out: Observation[] = [
    { type: "planned", session: name, events: told.events, arriveMs: 1000 },
    {
      type: "connected",
      session: name,
      connection: 1,
      instance: "x",
      subscribedMs: 1000,
      resume: "none",
      atMs: 1001,
    },
    {
      type: "pipeline",
      ...common,
      instance: pipelineInstance,
      state: "started",
      total: told.events,
      atMs: 1010,
    },
    { type: "broker", instance: pipelineInstance, state: "up", atMs: 1 },
    { type: "ledger", instance: pipelineInstance, state: "read", records: 1 },
  ];
  const cut = told.backAt > told.awayFrom;
  const backMs = publishedMs(told.backAt) - 50;
  if (cut) {
    const resume = told.replays ? "replayed" : "unsupported";
    out.push(
      {
        type: "disconnected",
        session: name,
        connection: 1,
        reason: "error",
        atMs: publishedMs(told.awayFrom) - 50,
      },
      {
        type: "connected",
        session: name,
        connection: 2,
        instance: "x",
        subscribedMs: backMs,
        resume,
        atMs: backMs,
      },
    );
  }
  for (let number = 1; number <= told.events; number++) {
    const fate = fateOf(told, number);
    if (fate === "neverPublished") continue;
    const at = publishedMs(number);
    out.push({
      type: "published",
      ...common,
      seq: number,
      instance: pipelineInstance,
      intendedMs: at,
      atMs: at,
      route: "broker",
    });
    if (fate !== "delivered" && fate !== "recovered") continue;
    const connection = cut && number >= told.awayFrom ? 2 : 1;
    const readMs = fate === "recovered" ? backMs + 1 : at + 1;
    const receipts = told.receivedTwice.has(number) ? 2 : 1;
    for (let receipt = 0; receipt < receipts; receipt++) {
      out.push({ type: "received", ...common, connection, seq: number, atMs: readMs + receipt });
    }
  }
  const aborted = told.diesBefore <= told.events;
  out.push({
    type: "pipeline",
    ...common,
    instance: pipelineInstance,
    state: aborted ? "aborted" : "completed",
    total: told.events,
    atMs: 5000,
  });
  return out;
}

const FRAME: Observation[] = [
  { type: "phase", phase: "load-started", atMs: 1000 },
  { type: "phase", phase: "drain-started", atMs: 6000 },
  { type: "phase", phase: "drain-ended", atMs: 9000 },
  { type: "broker", instance: "x", state: "up", atMs: 1 },
  { type: "ledger", instance: "x", state: "read", records: 1 },
];

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
    const run = {
      type: "run",
      topology: "example",
      bounce: "none",
      repeat: 2,
      seed: 1,
      replicas: 2,
      atMs: 0,
      startedAt: "",
      promise: {
        allowedCauses: [],
        neverPublishedAllowed: false,
        routedByChance: false,
        sentence: "Nothing is lost.",
      },
      load: { sessions: 1, eventsPerSecond: 1, durationS: 1, gates: 0 },
      notes: ["A note."],
    } as const satisfies Observation;
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
