import { describe, expect, it } from "vitest";
import type { EngineObservation, Observation, RunObservation } from "../../history/observation.ts";
import { runObservation } from "../../history/test-support/run-observation.ts";
import type { RunResult } from "../run-result.ts";
import {
  DRAIN_ENDED_MS,
  session,
  event,
  planned,
  connected,
  disconnected,
  published,
  received,
  pipeline,
  started,
  bothLedgers,
  judge,
  causesOf,
} from "../test-support/story.ts";

describe("delivered or recovered", () => {
  it("counts an event that the broker delayed past the subscription as live if nothing replays", () => {
    const story = (resume: string): Observation[] => [
      ...[planned(1), started, published(1, 2000), received(1, 2300)],
      connected(2200, { resume }),
    ];
    expect(judge(story("unsupported"))).toMatchObject({ delivered: 1, recovered: 0 });
    expect(judge(story("replayed"))).toMatchObject({ delivered: 0, recovered: 1 });
  });

  it("allows the stamps of subscription and publication to cross by 5 ms", () => {
    const subscribedAt = (atMs: number): RunResult =>
      judge([planned(1), started, published(1, 2000), received(1, 2100), connected(atMs)]);
    expect(subscribedAt(2005)).toMatchObject({ delivered: 1 });
    expect(subscribedAt(2005.1)).toMatchObject({ recovered: 1 });
  });
});

describe("the end of the observation", () => {
  it("makes later publications indeterminate, even without an open stream", () => {
    const result = judge([
      ...[planned(1), started, connected(1100), disconnected(1200, "error")],
      published(1, DRAIN_ENDED_MS + 1),
    ]);
    expect(result).toMatchObject({ lost: 0, indeterminate: 1 });
  });

  it("is the moment the engine closed the stream, if that came first", () => {
    const story = [planned(1), started, connected(1100), published(1, 6800)];
    expect(judge([...story, disconnected(7000, "drained")])).toMatchObject({ indeterminate: 1 });
    expect(judge([...story, disconnected(7100, "drained")])).toMatchObject({ lost: 1 });
    expect(judge([...story, disconnected(7000, "error")])).toMatchObject({ lost: 1 });
  });

  it("ignores pipelines that end with the deployment", () => {
    const story = [planned(1), started, connected(1100)];
    expect(judge([...story, pipeline("aborted", DRAIN_ENDED_MS + 1)])).toMatchObject({
      indeterminate: 1,
    });
    expect(judge([...story, pipeline("aborted", DRAIN_ENDED_MS)])).toMatchObject({
      neverPublished: 1,
    });
    const stopped = (atMs: number): Observation => ({
      type: "instance",
      instance: "a",
      state: "stopped",
      atMs,
    });
    expect(judge([...story, stopped(DRAIN_ENDED_MS + 1)])).toMatchObject({ indeterminate: 1 });
    expect(judge([...story, stopped(DRAIN_ENDED_MS)])).toMatchObject({ neverPublished: 1 });
  });

  it("ignores gates reached later", () => {
    const gate = (state: "offered" | "reached", atMs: number): Observation => ({
      type: "gate",
      session,
      gate: "g1",
      state,
      atMs,
    });
    const story = [planned(1), started, connected(1100), gate("offered", 1200)];
    expect(judge([...story, gate("reached", DRAIN_ENDED_MS + 1)])).toMatchObject({
      neverPublished: 1,
      gates: { offered: 1, reachedPipeline: 0, stalled: 1 },
    });
    expect(judge([...story, gate("reached", 1300)])).toMatchObject({
      indeterminate: 1,
      gates: { offered: 1, reachedPipeline: 1, stalled: 0 },
    });
  });
});

describe("a start without a ledger record", () => {
  const start = (status: number, instance?: string): Observation => ({
    type: "request",
    session,
    request: "start",
    status,
    atMs: 1000,
    ...(instance === undefined ? {} : { instance }),
  });
  const tornLedgers: Observation[] = [
    { type: "ledger", instance: "a", state: "torn", records: 1 },
    { type: "ledger", instance: "b", state: "read", records: 1 },
  ];

  it.each([
    [
      "was accepted by an instance whose ledger is torn",
      start(202, "a"),
      tornLedgers,
      "indeterminate",
    ],
    ["was never answered, and some ledger is torn", start(0), tornLedgers, "indeterminate"],
    [
      "was accepted by an instance whose ledger is whole",
      start(202, "b"),
      tornLedgers,
      "neverPublished",
    ],
    ["was refused", start(503, "a"), tornLedgers, "neverPublished"],
    ["was never answered, and all ledgers are whole", start(0), bothLedgers, "neverPublished"],
  ] as const)("that %s", (_, request, ledgers, outcome) => {
    const result = judge([planned(4), connected(900), request], [...ledgers]);
    expect(result[outcome]).toBe(4);
  });
});

describe("what is due beyond the plan", () => {
  const chat = { epoch: "c1", seq: 1 } as const;
  const dueAt = (atMs: number, ...more: Observation[]): number =>
    judge([connected(2000), published(1, atMs, chat), ...more]).due;

  it("starts with the first subscription and ends with the drain", () => {
    expect([1999, 2000, DRAIN_ENDED_MS, DRAIN_ENDED_MS + 1].map((atMs) => dueAt(atMs))).toEqual([
      0, 1, 1, 0,
    ]);
  });

  it("includes the time between two streams", () => {
    expect(dueAt(2600, disconnected(2500, "error"), connected(3000, { connection: 2 }))).toBe(1);
  });

  it("ends when the client leaves", () => {
    expect(dueAt(2600, disconnected(2500, "finished"))).toBe(0);
  });

  it("does not count towards the offered and achieved rates", () => {
    const { load } = judge([
      planned(4),
      started,
      connected(1000),
      published(1, 2000),
      published(1, 2001, chat),
    ]);
    expect(load).toMatchObject({ offeredEventsPerSecond: 1, achievedEventsPerSecond: 0.25 });
  });
});

describe("the plan's epoch", () => {
  it.each([
    ["aa", "zz"],
    ["zz", "aa"],
  ])(
    "is the epoch whose pipeline started first, even if it was aborted (%s before %s)",
    (first, second) => {
      const result = judge([
        ...[
          planned(2),
          connected(1000),
          pipeline("started", 2000, second),
          pipeline("started", 1500, first),
        ],
        ...[pipeline("aborted", 1600, first), published(1, 2100, { epoch: second })],
        received(1, 2101, 1, second),
      ]);
      expect(result).toMatchObject({ due: 3, delivered: 1, neverPublished: 2 });
    },
  );

  it("is the received epoch if the only ledger is missing", () => {
    const result = judge(
      [planned(3), connected(1000), received(1, 2000), received(2, 2001)],
      [{ type: "ledger", instance: "b", state: "missing", records: 0 }],
    );
    expect(result).toMatchObject({ due: 3, delivered: 2, unexpected: 0, latencyMs: null });
  });
});

describe("broker gaps", () => {
  const lostOnB = [
    planned(2),
    started,
    connected(1000),
    published(1, 2000),
    published(2, 6000),
    received(2, 6001),
  ];
  const brokerOfB = (state: "up" | "down", atMs: number): Observation => ({
    type: "broker",
    instance: "b",
    state,
    atMs,
  });

  it("are not assumed if the instance's ledger is incomplete", () => {
    const gone = brokerOfB("down", 100);
    expect(causesOf(judge([...lostOnB, gone]))).toEqual({ "broker-gap": 1 });
    const torn: Observation[] = [
      ...bothLedgers.slice(0, 1),
      { type: "ledger", instance: "b", state: "torn", records: 1 },
    ];
    expect(causesOf(judge([...lostOnB, gone], torn))).toEqual({ unexplained: 1 });
  });

  it("include a killed instance, which cannot record the lost connection", () => {
    const killed: Observation = { type: "instance", instance: "b", state: "killed", atMs: 500 };
    expect(causesOf(judge([...lostOnB, killed]))).toEqual({ "broker-gap": 1 });
    expect(causesOf(judge([...lostOnB, killed, brokerOfB("up", 600)]))).toEqual({ unexplained: 1 });
  });
});

describe("bounces", () => {
  it("split losses and reconnects at the start of the next bounce", () => {
    const bounce = (number: number, startedMs: number): Observation[] => [
      {
        type: "bounce",
        bounce: number,
        kind: "rolling",
        target: "b",
        state: "started",
        atMs: startedMs,
      },
      {
        type: "bounce",
        bounce: number,
        kind: "rolling",
        target: "b",
        state: "ended",
        atMs: startedMs + 500,
      },
    ];
    const { bounces } = judge([
      ...[planned(3), started, ...bounce(1, 2000), ...bounce(2, 3000)],
      ...[connected(1000), disconnected(2000, "error"), connected(2500, { connection: 2 })],
      ...[disconnected(3000, "error", 2), connected(3500, { connection: 3 })],
      ...[published(1, 2000), published(2, 3000), published(3, 3100)],
    ]);
    expect(
      bounces.map(({ startedMs, endedMs, lost, reconnects }) => [
        startedMs,
        endedMs,
        lost,
        reconnects,
      ]),
    ).toEqual([
      [1000, 1500, 1, 1],
      [2000, 2500, 2, 1],
    ]);
  });
});

describe("verdicts at their limits", () => {
  const engine = (change: Partial<EngineObservation>): EngineObservation => ({
    type: "engine",
    lagMs: { p99: 1, max: 2 },
    utilisation: 0.1,
    cpuSeconds: 1,
    rssBytes: 1,
    workers: 1,
    ...change,
  });
  const run = (change: Partial<RunObservation> = {}): RunObservation =>
    runObservation({ replicas: 3, ...change });
  const good = [
    planned(1),
    started,
    connected(1000),
    published(1, 2000),
    received(1, 2001),
    pipeline("completed", 2001),
  ];
  const terminal: Observation = {
    ...event,
    type: "received",
    connection: 1,
    seq: 1,
    terminal: true,
    atMs: 2001,
  };
  const whole = [...good.filter(({ type }) => type !== "received"), terminal];

  it.each([
    ["a busy engine", engine({ utilisation: 0.8 }), engine({ utilisation: 0.81 })],
    [
      "a late engine",
      engine({ lagMs: { p99: 100, max: 500 } }),
      engine({ lagMs: { p99: 100.1, max: 500 } }),
    ],
  ])("trust %s up to the limit only", (_, within, beyond) => {
    expect(judge([run(), ...whole, within]).verdict).toBe("valid");
    expect(judge([run(), ...whole, beyond]).verdict).toBe("unknown");
  });

  it("do not expect chance loss if gates stop the pipelines without a route", () => {
    const byChance = {
      allowedCauses: [],
      neverPublishedAllowed: false,
      routedByChance: true,
      sentence: "",
    };
    const twentyFive = Array.from({ length: 25 }, (_, index) =>
      whole.map((observation) =>
        observation.type === "connected"
          ? { ...observation, session: `s${index}`, instance: index % 2 === 0 ? "a" : "b" }
          : "session" in observation
            ? { ...observation, session: `s${index}` }
            : observation,
      ),
    ).flat();
    const load = { sessions: 25, eventsPerSecond: 1, durationS: 1, gates: 0 };
    expect(judge([run({ promise: byChance, load }), ...twentyFive, engine({})]).verdict).toBe(
      "unknown",
    );
    const gated = run({ promise: byChance, load: { ...load, gates: 1 } });
    expect(judge([gated, ...twentyFive, engine({})]).verdict).toBe("valid");
  });

  it("do not trust a bounce that ended after the drain began", () => {
    const bounce = { type: "bounce", bounce: 1, kind: "crash", target: "b" } as const;
    const endedAt = (atMs: number): Observation[] => [
      ...[run({ bounce: "crash" }), ...whole, engine({})],
      { type: "instance", instance: "b", state: "killed", atMs: 4001 } as const,
      ...[
        { ...bounce, state: "started", atMs: 4000 } as const,
        { ...bounce, state: "ended", atMs } as const,
      ],
    ];
    expect(judge(endedAt(5000)).verdict).toBe("valid");
    expect(judge(endedAt(5001)).verdict).toBe("unknown");
  });
});
