import { describe, expect, it } from "vitest";
import type { Observation } from "../../history/observation.ts";
import { countSessionsPerInstance, measureAffinity } from "./affinity.ts";
import { RunRecord } from "../records/run-record.ts";

const request = (session: string, instance: string | undefined, atMs: number): Observation => ({
  type: "request",
  session,
  request: "background",
  status: instance === undefined ? 0 : 200,
  ...(instance === undefined ? {} : { instance }),
  atMs,
});
const connected = (
  session: string,
  connection: number,
  instance: string,
  atMs: number,
): Observation => ({
  type: "connected",
  session,
  connection,
  instance,
  subscribedMs: atMs,
  resume: "none",
  atMs,
});
const recordOf = (observations: Observation[]): RunRecord => {
  const record = new RunRecord();
  for (const observation of observations) record.absorb(observation);
  return record;
};

describe("affinity", () => {
  it("compares each request and stream with its predecessor in the session", () => {
    const record = recordOf([
      connected("s0", 1, "a", 2),
      request("s0", "a", 1),
      request("s0", "b", 3),
      request("s0", "b", 4),
      request("s1", "c", 5),
    ]);
    expect(measureAffinity(record)).toEqual({ hitRatio: 2 / 3, misroutes: 1 });
  });

  it("starts with the session's creation: earlier requests carry no id to route by", () => {
    const create: Observation = {
      type: "request",
      session: "s0",
      request: "create",
      status: 201,
      instance: "b",
      sessionId: "id0",
      atMs: 2,
    };
    const record = recordOf([
      request("s0", "a", 1),
      create,
      request("s0", "c", 3),
      connected("s0", 1, "c", 4),
      request("s0", "a", 5),
    ]);
    expect(measureAffinity(record)).toEqual({ hitRatio: 1 / 2, misroutes: 1 });
  });

  it("ignores a session that was never created if others were", () => {
    const create = (session: string, status: number, sessionId?: string): Observation => ({
      type: "request",
      session,
      request: "create",
      status,
      instance: "a",
      ...(sessionId === undefined ? {} : { sessionId }),
      atMs: 1,
    });
    const never = [
      create("s0", 503),
      request("s0", "a", 2),
      request("s0", "b", 3),
      request("s0", "c", 4),
    ];
    expect(measureAffinity(recordOf(never))).toEqual({ hitRatio: null, misroutes: 0 });
    const other = [create("s1", 201, "id1"), request("s1", "a", 2), request("s1", "a", 3)];
    expect(measureAffinity(recordOf([...never, ...other]))).toEqual({ hitRatio: 1, misroutes: 0 });
  });

  it("ignores requests without an answer", () => {
    const record = recordOf([
      request("s0", "a", 1),
      request("s0", undefined, 2),
      request("s0", "a", 3),
    ]);
    expect(measureAffinity(record)).toEqual({ hitRatio: 1, misroutes: 0 });
  });

  it("is null if no session got two answers", () => {
    expect(measureAffinity(recordOf([request("s0", "a", 1)])).hitRatio).toBeNull();
  });

  it("counts streams per instance by first and last connection, including idle instances", () => {
    const record = recordOf([
      connected("s0", 1, "b", 1),
      connected("s0", 2, "a", 2),
      connected("s1", 1, "b", 1),
      { type: "ledger", instance: "c", state: "read", records: 0 },
    ]);
    const counts = countSessionsPerInstance(record);
    expect(counts).toEqual({
      a: { first: 0, last: 1 },
      b: { first: 2, last: 1 },
      c: { first: 0, last: 0 },
    });
    expect(Object.keys(counts)).toEqual(["a", "b", "c"]);
  });
});
