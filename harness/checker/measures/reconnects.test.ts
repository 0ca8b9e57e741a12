import { describe, expect, it } from "vitest";
import type { DisconnectedObservation, Observation } from "../../history/observation.ts";
import { measureReconnects } from "./reconnects.ts";
import { createRunContext } from "../records/run-context.ts";
import { RunRecord } from "../records/run-record.ts";

const connected = (session: string, connection: number, atMs: number): Observation => ({
  type: "connected",
  session,
  connection,
  instance: "a",
  subscribedMs: atMs,
  resume: "none",
  atMs,
});
const ended = (
  session: string,
  connection: number,
  atMs: number,
  reason: DisconnectedObservation["reason"] = "error",
): Observation => ({ type: "disconnected", session, connection, reason, atMs });
const failed = (session: string, atMs: number): Observation => ({
  type: "connect-failed",
  session,
  connection: 2,
  status: 502,
  reason: "status 502",
  fatal: false,
  atMs,
});
const bounced = (bounce: number, startedMs: number, endedMs: number): Observation[] => [
  {
    type: "bounce",
    bounce,
    kind: "rolling",
    target: `i${bounce}`,
    state: "started",
    atMs: startedMs,
  },
  { type: "bounce", bounce, kind: "rolling", target: `i${bounce}`, state: "ended", atMs: endedMs },
];

function measure(observations: Observation[]) {
  const record = new RunRecord();
  for (const observation of observations) record.absorb(observation);
  return measureReconnects(record, createRunContext(record));
}

describe("reconnects", () => {
  it("are null in a run without any", () => {
    expect(measure([connected("s0", 1, 0), ended("s0", 1, 90, "finished")])).toEqual({
      count: 0,
      downtimeMs: null,
      timeTo95Ms: null,
      timeTo100Ms: null,
      peakPerSecond: 0,
    });
  });

  it("time each cut from the start of its own bounce, not of the first", () => {
    const result = measure([
      ...bounced(1, 1000, 2000),
      ...bounced(2, 2000, 3000),
      connected("s0", 1, 0),
      ended("s0", 1, 1100),
      connected("s0", 2, 1200),
      ended("s0", 2, 2100, "hint"),
      connected("s0", 3, 2500),
    ]);
    expect(result).toMatchObject({ count: 2, timeTo95Ms: 500, timeTo100Ms: 500 });
    expect(result.downtimeMs).toMatchObject({ max: 400 });
  });

  it("have no time to 100 % if a session came back only from its first cut", () => {
    const result = measure([
      ...bounced(1, 1000, 2000),
      ...bounced(2, 2000, 3000),
      connected("s0", 1, 0),
      ended("s0", 1, 1100),
      connected("s0", 2, 1200),
      ended("s0", 2, 2100, "hint"),
    ]);
    expect(result).toMatchObject({ count: 1, timeTo95Ms: null, timeTo100Ms: null });
  });

  it("have no time to 100 % while one of twenty cut sessions is away", () => {
    const sessions = Array.from({ length: 20 }, (_, index) => `s${index}`);
    const result = measure([
      ...bounced(1, 1000, 2000),
      ...sessions.flatMap((session, index) => [
        connected(session, 1, 0),
        ended(session, 1, 1100),
        ...(index === 0 ? [failed(session, 1500)] : [connected(session, 2, 1200 + index)]),
      ]),
    ]);
    expect(result).toMatchObject({
      count: 19,
      timeTo95Ms: 219,
      timeTo100Ms: null,
      peakPerSecond: 20,
    });
  });

  it("exclude streams that ended before the bounce or that the client left", () => {
    const result = measure([
      ...bounced(1, 1000, 2000),
      connected("s0", 1, 0),
      ended("s0", 1, 900),
      connected("s0", 2, 950),
      ended("s0", 2, 1500, "finished"),
    ]);
    expect(result).toMatchObject({ count: 1, timeTo95Ms: null, timeTo100Ms: null });
  });

  it("exclude streams that ended after the bounce", () => {
    const cutAt = (atMs: number) =>
      measure([
        ...bounced(1, 1000, 2000),
        connected("s0", 1, 0),
        ended("s0", 1, atMs),
        connected("s0", 2, 3500),
      ]).timeTo100Ms;
    expect([cutAt(3000), cutAt(3001)]).toEqual([2500, null]);
  });

  it("find the peak in a sliding second, with failed attempts but without first ones", () => {
    const result = measure([
      ...[1, 2, 3, 4].map((atMs) => failed("s0", atMs)),
      connected("s0", 1, 5),
      ended("s0", 1, 1500),
      failed("s0", 1900),
      failed("s0", 2100),
      connected("s0", 2, 2899.9),
      ended("s0", 2, 2900),
      connected("s0", 3, 2900),
    ]);
    expect(result.peakPerSecond).toBe(3);
  });
});
