import { describe, expect, it } from "vitest";
import type { Observation, RunObservation } from "../../history/observation.ts";
import { judgeRun } from "../judge-run.ts";
import type { RunResult } from "../run-result.ts";
import { DIRECT_RETURN_MS } from "../thresholds.ts";
import {
  causesOf,
  connectedDirectly,
  disconnected,
  DRAIN_ENDED_MS,
  event,
  judge,
  planned,
  published,
  received,
  session,
  started,
} from "../test-support/story.ts";

const live = (seq: number, atMs: number, sentMs: number, connection = 1): Observation => ({
  ...(received(seq, atMs, connection) as Extract<Observation, { type: "received" }>),
  sentMs,
});
const dropped = (seq: number, reason: "quota" | "outage" | "refused"): Observation => ({
  type: "dropped",
  ...event,
  seq,
  instance: "a",
  reason,
  atMs: DRAIN_ENDED_MS + 500,
});
const outage = (state: "started" | "ended", atMs: number, bounce = 1): Observation => ({
  type: "bounce",
  bounce,
  kind: "realtime-outage",
  target: "realtime",
  state,
  atMs,
});
const refused = (atMs: number, connection: number, quota = true): Observation => ({
  type: "connect-failed",
  session,
  connection,
  status: 429,
  reason: "Too many joins per second",
  ...(quota ? { quota } : {}),
  fatal: false,
  atMs,
});

describe("the extra hop", () => {
  it("is measured in two parts over the delivered pairs with a hand-over time", () => {
    const story = [planned(3), started, connectedDirectly(1100)];
    const events = [1, 2, 3].map((seq) => published(seq, 2000 + seq, { intendedMs: 1990 }));
    const result = judge([
      ...story,
      ...events,
      live(1, 2021, 2011),
      live(2, 2032, 2012),
      received(3, 2500),
    ]);
    expect(result.brokerHop).toEqual({
      waitedMs: { p50: 10, p90: 10, p99: 10, max: 10 },
      carriedMs: { p50: expect.closeTo(10, 1) as number, p90: 20, p99: 20, max: 20 },
    });
    expect(result.latencyMs?.max).toBe(510);
  });

  it("is unknown without a hand-over time, and for replayed events", () => {
    expect(
      judge([planned(1), started, connectedDirectly(1100), published(1, 2000), received(1, 2001)])
        .brokerHop,
    ).toBe(null);
    const log = [connectedDirectly(2500, 2, "replayed"), received(1, 2600, 2)];
    const cut = [connectedDirectly(1100), disconnected(1900, "error")];
    expect(judge([planned(1), started, ...cut, published(1, 2000), ...log])).toMatchObject({
      recovered: 1,
      brokerHop: null,
    });
  });

  it("counts an event as live that its publisher held back during an outage, even with a log", () => {
    const cut = [
      connectedDirectly(1100),
      disconnected(1900, "error"),
      connectedDirectly(2500, 2, "replayed"),
    ];
    const result = judge([planned(1), started, ...cut, published(1, 2000), live(1, 2600, 2550, 2)]);
    expect(result).toMatchObject({ delivered: 1, recovered: 0 });
    expect(result.brokerHop).toMatchObject({ waitedMs: { max: 550 }, carriedMs: { max: 50 } });
  });
});

describe("a stream from the broker itself", () => {
  it("belongs to no instance and needs no ledger", () => {
    const ledger: Observation[] = [{ type: "ledger", instance: "a", state: "read", records: 1 }];
    const result = judge(
      [planned(1), started, connectedDirectly(1100), published(1, 2000)],
      ledger,
    );
    expect(result).toMatchObject({ lost: 1, sessionsPerInstance: { a: { first: 0, last: 0 } } });
    expect(causesOf(result)).toEqual({ unexplained: 1 });
  });

  it("loses to a broker gap only what a publisher with a known broker published without it", () => {
    const lostWith = (...states: Observation[]): Record<string, number> =>
      causesOf(
        judge([planned(1), started, connectedDirectly(1100), published(1, 2000), ...states]),
      );
    const broker = (state: "up" | "down", atMs: number, instance = "a"): Observation => ({
      type: "broker",
      instance,
      state,
      atMs,
    });
    expect(lostWith(broker("down", 500))).toEqual({ "broker-gap": 1 });
    expect(lostWith(broker("down", 500), broker("up", 1000))).toEqual({ unexplained: 1 });
    expect(lostWith(broker("down", 3000))).toEqual({ "broker-gap": 1 });
    expect(lostWith(broker("down", 3001))).toEqual({ unexplained: 1 });
    expect(lostWith(broker("down", 500, "b"))).toEqual({ unexplained: 1 });
  });

  it("may take as long as realtime-js to come back", () => {
    const run = {
      type: "run",
      realtime: { standIn: false },
      promise: { allowedCauses: [] },
      load: {},
      notes: [],
    } as unknown as RunObservation;
    const cameNot = (cutMs: number): boolean =>
      judgeRun([
        ...[run, planned(1), started, connectedDirectly(1100), disconnected(cutMs, "error")],
        { type: "phase", phase: "drain-ended", atMs: 50_000 },
      ]).reasons.some((reason) => reason.includes("never came back, although at least 21000 ms"));
    expect(cameNot(50_000 - DIRECT_RETURN_MS)).toBe(true);
    expect(cameNot(50_000 - DIRECT_RETURN_MS + 1)).toBe(false);
  });

  it("does not count against the topology if a limit cut it: that client stays away", () => {
    const result = judge([
      planned(1),
      started,
      connectedDirectly(1100),
      disconnected(1200, "quota"),
    ]);
    expect(result.reasons.join()).not.toContain("never came back");
  });
});

describe("limits of the broker", () => {
  const away = [planned(1), started, connectedDirectly(1100)];

  it("are the cause only while they keep the client away", () => {
    const lostAfter = (...observations: Observation[]): Record<string, number> =>
      causesOf(judge([...away, ...observations, published(1, 2000)]));
    const cut = disconnected(1200, "error");
    expect(lostAfter(cut, refused(1900, 2))).toEqual({ quota: 1 });
    expect(lostAfter(cut, refused(2001, 2))).toEqual({ "while-disconnected": 1 });
    expect(lostAfter(cut, refused(1300, 2), refused(1900, 3, false))).toEqual({
      "while-disconnected": 1,
    });
    expect(
      lostAfter(cut, refused(1300, 2), connectedDirectly(1400, 3), disconnected(1500, "error", 3)),
    ).toEqual({
      "while-disconnected": 1,
    });
    expect(lostAfter(disconnected(1200, "quota"), refused(1900, 2, false))).toEqual({ quota: 1 });
  });

  it("explain a stream's last second, but no loss before a later event", () => {
    const lostBefore = (endedMs: number, ...more: Observation[]): Record<string, number> =>
      causesOf(judge([...away, published(1, 2000), ...more, disconnected(endedMs, "quota")]));
    expect(lostBefore(3000)).toEqual({ quota: 1 });
    expect(lostBefore(3001)).toEqual({ unexplained: 1 });
    expect(lostBefore(2500, published(2, 2001), received(2, 2002))).toEqual({ unexplained: 1 });
  });

  it("outweigh every other reason for a dropped event, in any order", () => {
    const lostAs = (...reasons: ("quota" | "outage" | "refused")[]): Record<string, number> =>
      causesOf(
        judge([
          ...away,
          published(1, 2000),
          ...reasons.map((reason) => dropped(1, reason)),
          disconnected(1200, "error"),
        ]),
      );
    expect(lostAs("quota")).toEqual({ quota: 1 });
    expect(lostAs("outage", "quota")).toEqual({ quota: 1 });
    expect(lostAs("refused")).toEqual({ "broker-gap": 1 });
  });

  const broker = (state: "up" | "limited" | "down", atMs: number, instance = "a"): Observation => ({
    type: "broker",
    instance,
    state,
    atMs,
  });

  it("are the cause while they hold events back, even if the publisher then ended", () => {
    const lostWith = (...states: Observation[]): Record<string, number> =>
      causesOf(judge([...away, published(1, 2000), ...states]));
    expect(lostWith(broker("limited", 1500))).toEqual({ quota: 1 });
    expect(lostWith(broker("limited", 1500), broker("up", 1999))).toEqual({ unexplained: 1 });
    expect(lostWith(broker("limited", 3000))).toEqual({ quota: 1 });
    expect(lostWith(broker("limited", 3001))).toEqual({ unexplained: 1 });
    const killed = { type: "instance", instance: "a", state: "killed", atMs: 2500 } as const;
    expect(lostWith(broker("limited", 1500), killed)).toEqual({ quota: 1 });
  });

  it("that delay a session leave its last events never published, not the run unknown", () => {
    const late = (...refusals: Observation[]): RunResult =>
      judge([planned(2), started, ...refusals, connectedDirectly(8000, 2), published(1, 8900)]);
    expect(late(refused(1500, 1))).toMatchObject({ neverPublished: 1, indeterminate: 1 });
    expect(late(refused(1500, 1)).reasons.join()).not.toContain("cannot be judged");
    expect(late(refused(1500, 1)).quota).toMatchObject({ neverAdmitted: 0, refusedAttempts: 1 });
    expect(late(refused(1500, 1, false))).toMatchObject({ neverPublished: 0, indeterminate: 2 });
    expect(late().reasons.join()).toContain(
      "2 pairs cannot be judged: when the drain ended, 1 belonged to pipelines that still ran, " +
        "1 had been",
    );
  });

  it("that end a stream for good do not make the run unknown", () => {
    const ended = (reason: "quota" | "error"): RunResult =>
      judge([
        planned(3),
        started,
        connectedDirectly(1100),
        disconnected(1200, reason),
        published(1, 8999),
      ]);
    const after = published(2, DRAIN_ENDED_MS);
    const ofTheLimit = judge([
      ...[planned(3), started, connectedDirectly(1100), disconnected(1200, "quota")],
      ...[published(1, 8999), after],
    ]);
    expect(ofTheLimit).toMatchObject({ lost: 1, lostByCause: { quota: 1 }, indeterminate: 2 });
    expect(ofTheLimit.reasons.join()).not.toContain("cannot be judged");
    expect(ended("error").reasons.join()).toContain(
      "2 pairs cannot be judged: when the drain ended, 2 belonged to pipelines that still ran",
    );
  });

  it("that only hold events back are reported by the longest delay of any publisher", () => {
    const heldBack = (...states: Observation[]): RunResult => judge([...away, ...states]);
    const result = heldBack(
      ...[broker("up", 500), broker("limited", 1500), broker("up", 1700)],
      ...[broker("limited", 2000, "b"), broker("down", 2450.5, "b")],
    );
    expect(result.quota).toMatchObject({ droppedEvents: 0, heldBackMs: 450.5, words: [] });
    expect(result.reasons).toContain(
      "The load exceeded limits of the broker: publishers held events back for up to 450.5 ms.",
    );
    expect(heldBack(broker("limited", 8000)).quota).toMatchObject({ heldBackMs: 1000 });
    expect(heldBack(broker("limited", DRAIN_ENDED_MS + 1)).quota).toBe(null);
  });

  it("are counted, with each message once; a dropped event that still arrived is no loss", () => {
    const result = judge([
      ...[
        ...away,
        published(1, 2000),
        dropped(1, "quota"),
        dropped(1, "quota"),
        live(1, 2010, 2001),
      ],
      ...[refused(1000, 7), refused(1001, 8)],
      {
        type: "disconnected",
        session,
        connection: 1,
        reason: "quota",
        detail: "Too many messages",
        atMs: 2500,
      },
      // What the client writes that does not come back.
      {
        ...(refused(2500, 2) as Extract<Observation, { type: "connect-failed" }>),
        reason: "Too many messages",
      },
    ]);
    expect(result).toMatchObject({ delivered: 1, lost: 0 });
    expect(result.quota).toEqual({
      neverAdmitted: 0,
      refusedAttempts: 2,
      cutStreams: 1,
      droppedEvents: 1,
      heldBackMs: 0,
      words: ["Too many joins per second", "Too many messages"],
    });
    expect(result.reasons).toContain(
      "The load exceeded limits of the broker: 2 connection attempts were refused, 1 stream " +
        "was cut, " +
        "publishers dropped 1 event. Its messages: Too many joins per second, Too many messages.",
    );
    expect(judge(away).quota).toBe(null);
  });
});

describe("what a bounce cut", () => {
  const bouncesOf = (...observations: Observation[]): RunResult["bounces"] =>
    judge([planned(1), started, ...observations]).bounces;

  it("counts only streams that were open when it began", () => {
    const before = [connectedDirectly(1100), disconnected(2001, "error")];
    const during = [connectedDirectly(2100, 2), disconnected(2200, "error", 2)];
    expect(
      bouncesOf(...before, ...during, outage("started", 2000), outage("ended", 2300)),
    ).toMatchObject([{ open: 1, cut: 1 }]);
  });

  it("excludes streams that lived on, left or met a limit", () => {
    const crash = [outage("started", 2000), outage("ended", 2300)];
    expect(bouncesOf(connectedDirectly(1100), ...crash)).toMatchObject([{ open: 1, cut: 0 }]);
    expect(
      bouncesOf(connectedDirectly(1100), disconnected(2100, "finished"), ...crash),
    ).toMatchObject([{ open: 1, cut: 0 }]);
    expect(bouncesOf(connectedDirectly(1100), disconnected(2100, "quota"), ...crash)).toMatchObject(
      [{ open: 1, cut: 0 }],
    );
    expect(bouncesOf(connectedDirectly(1100), disconnected(1500, "error"), ...crash)).toMatchObject(
      [{ open: 0, cut: 0 }],
    );
  });
});
