import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SegmentWriter } from "../../native/segment-writer.ts";
import { smallPlan } from "../../test-support/load-plan.ts";
import { ofType, readHistory } from "../../test-support/read-history.ts";
import { scheduleSessions } from "../../portable/load-schedule.ts";
import { toObservation } from "./convert-records.ts";
import { k6Times, K6RunState } from "../k6-run-state.ts";
import { LINE_MARK, type K6LogLine, type K6LogRecord } from "../../portable/k6-log-records.ts";
import { writeK6History } from "./write-k6-history.ts";

const OFFSET = 1000.25;

describe("a record on the instances' clock", () => {
  const stream = {
    type: "connected",
    session: "s0",
    connection: 1,
    resume: "none",
    atMs: 7,
  } as const;

  it("keeps when an instance subscribed a stream, and shifts when the client heard of it", () => {
    expect(toObservation({ ...stream, instance: "server-1", subscribedMs: 1005 }, OFFSET)).toEqual({
      ...stream,
      instance: "server-1",
      subscribedMs: 1005,
      atMs: 1007.25,
    });
  });

  it("shifts both of a stream that belongs to no instance: the client alone stated them", () => {
    expect(toObservation({ ...stream, subscribedMs: 6 }, OFFSET)).toEqual({
      ...stream,
      subscribedMs: 1006.25,
      atMs: 1007.25,
    });
  });

  it("shifts when the client sent a request or an attempt", () => {
    const request = { type: "request", session: "s0", request: "start", status: 202 } as const;
    expect(toObservation({ ...request, sentMs: 1, atMs: 2 }, OFFSET)).toEqual({
      ...request,
      sentMs: 1001.25,
      atMs: 1002.25,
    });
    const tried = { ...stream, instance: "server-1", subscribedMs: 1005, attemptMs: 6 };
    expect(toObservation(tried, OFFSET)).toMatchObject({ attemptMs: 1006.25, subscribedMs: 1005 });
    expect(
      toObservation({ ...stream, subscribedMs: 6.5, attemptMs: 6, atMs: 7 }, OFFSET),
    ).toMatchObject({ attemptMs: 1006.25, subscribedMs: 1006.75 });
  });

  it("keeps when an instance handed an event to the broker", () => {
    const received = {
      type: "received",
      session: "s0",
      connection: 1,
      epoch: "e",
      seq: 3,
    } as const;
    expect(toObservation({ ...received, sentMs: 1001, atMs: 2 }, OFFSET)).toEqual({
      ...received,
      sentMs: 1001,
      atMs: 1002.25,
    });
  });
});

describe("the history of several k6 processes", () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "sse-lab-k6-history-"))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const plan = smallPlan("http://127.0.0.1:1", { sessions: 3, rampS: 1, durationS: 2, drainS: 1 });
  const [first, second, third] = scheduleSessions(plan).map(
    ({ arriveOffsetMs }) => arriveOffsetMs,
  ) as [number, number, number];

  /**
   * Two processes: the clock of `a` is 1,000 ms behind the instances', that of `b` 5,000 ms, and it
   * began half a second later.
   */
  const linesOf = (): K6LogLine[] => {
    const clock = (offset: number, atMs: number): K6LogRecord => ({
      type: "k6-clock",
      instance: "server-1",
      askedMs: atMs - 0.25,
      instanceMs: atMs + offset,
      answeredMs: atMs + 0.25,
    });
    const session = (name: string, dueMs: number, lateMs: number): K6LogRecord[] => [
      { type: "k6-arrived", session: name, dueMs, atMs: dueMs + lateMs },
      { type: "received", session: name, connection: 1, epoch: name, seq: 1, atMs: dueMs + 10 },
      { type: "k6-ended", session: name, atMs: dueMs + 2500 },
    ];
    return [
      { v: 1, process: "a", records: [clock(1000, 1.5), ...session("s0", 100 + first, 2)] },
      { v: 1, process: "b", records: [...session("s2", -3400 + third, 30), clock(5000, 2.5)] },
    ];
  };

  const write = async (lines: readonly K6LogLine[]): Promise<string[]> => {
    const path = join(folder, "console.log");
    await writeFile(path, lines.map((line) => `${LINE_MARK}${JSON.stringify(line)}\n`).join(""));
    return [path];
  };

  it("lies on one clock, with every session of the plan, whether it arrived or not", async () => {
    const lines = linesOf();
    const state = new K6RunState();
    lines.forEach((line) => state.absorb(line));
    const times = k6Times(state, plan, NaN)!;
    const consoles = await write(lines);
    const path = join(folder, "segment.ndjson");
    const recorder = await SegmentWriter.open(path, () => undefined);
    await writeK6History(recorder, { plan, times, consoles });
    await recorder.close();
    const history = await readHistory([path]);

    expect(ofType(history, "planned").map(({ session, arriveMs }) => [session, arriveMs])).toEqual([
      ["s0", expect.closeTo(1100 + first, 3) as number],
      ["s1", expect.closeTo(1100 + second, 3) as number],
      ["s2", expect.closeTo(1600 + third, 3) as number],
    ]);
    expect(ofType(history, "received").map(({ session, atMs }) => [session, atMs])).toEqual([
      ["s0", expect.closeTo(1110 + first, 3) as number],
      ["s2", expect.closeTo(1610 + third, 3) as number],
    ]);
    const phases = Object.fromEntries(
      ofType(history, "phase").map(({ phase, atMs }) => [phase, atMs]),
    );
    expect(phases["load-started"]).toBeCloseTo(1100, 3);
    expect(phases["loaded"]).toBeCloseTo(1630 + third, 3);
    // The load is over when that of the process is which began last.
    expect(phases["drain-started"]).toBeCloseTo(1600 + third + 2000, 3);
    // s1 has no end: the drain lasted until whatever was seen last.
    expect(phases["drain-ended"]).toBeCloseTo(4100 + third, 3);
    expect(times.clockErrorMs).toBeCloseTo(0.251, 4);
    expect(times.lagMs.max).toBeCloseTo(30, 0);
    expect(ofType(history, "engine")).toEqual([]);
  });

  it(
    "has no known clock error when the readings of one process contradict each other, or it " +
      "has none",
    () => {
      const [a, b] = linesOf() as [K6LogLine, K6LogLine];
      const contradicting: K6LogRecord = {
        type: "k6-clock",
        instance: "server-2",
        askedMs: 5,
        instanceMs: 9000,
        answeredMs: 6,
      };
      for (const other of [
        { ...b, records: [...b.records, contradicting] },
        { ...b, records: b.records.filter(({ type }) => type !== "k6-clock") },
      ]) {
        const state = new K6RunState();
        [a, other].forEach((line) => state.absorb(line));
        const times = k6Times(state, plan, 4000)!;
        expect(times.clockErrorMs).toBeNull();
        // By the quickest answer, where there is one.
        const answered = other.records.some(({ type }) => type === "k6-clock");
        expect(times.offsetMs.get("b")).toBeCloseTo(answered ? 5000 : 4000, 3);
      }
    },
  );

  it("is none as long as no session has arrived", () => {
    expect(k6Times(new K6RunState(), plan, 0)).toBeUndefined();
  });
});

it("converts a publish time that an event stated on the clock of this host", () => {
  const event = { type: "received", session: "s0", connection: 1, epoch: "run", seq: 1 } as const;
  expect(toObservation({ ...event, publishedMs: 10, atMs: 12 }, 1000)).toEqual({
    ...event,
    publishedMs: 1010,
    atMs: 1012,
  });
});
