import { describe, expect, it } from "vitest";
import type { Connection } from "../records/session-record.ts";
import {
  judge,
  causesOf,
  connectedDirectly,
  disconnected,
  planned,
  published,
  started,
} from "../test-support/story.ts";
import { Streams } from "./streams.ts";

const stream = (connection: number, subscribedMs: number, endedMs: number): Connection => ({
  connection,
  instance: "a",
  resume: "none",
  subscribedMs,
  connectedMs: subscribedMs,
  attemptMs: undefined,
  endedMs,
  endReason: "error",
});

describe("the streams of a session", () => {
  const streams = new Streams([stream(1, 10, 20), stream(2, 15, 18), stream(3, 30, Infinity)], []);

  it.each([
    [9, undefined, undefined, 1],
    [10, 1, 1, 2],
    [16, 2, 2, 3],
    [18, 1, 2, 3],
    [20, undefined, 2, 3],
    [30, 3, 3, undefined],
  ])("at %i ms", (atMs, at, before, after) => {
    const numbers = [streams.at(atMs), streams.before(atMs), streams.after(atMs)].map(
      (found) => found?.connection,
    );
    expect(numbers).toEqual([at, before, after]);
  });

  it("know whether a limit refused all of the last attempts", () => {
    const attempts = [
      { atMs: 30, quota: true },
      { atMs: 10, quota: true },
      { atMs: 20, quota: true },
      { atMs: 20 },
    ];
    const refused = new Streams([], attempts);
    const at = (toMs: number, fromMs = 0): boolean => refused.lastRefusedByLimit(fromMs, toMs);
    expect([at(9), at(10), at(20), at(29), at(30), at(40, 31)]).toEqual([
      false,
      true,
      false,
      false,
      true,
      false,
    ]);
  });
});

it("reads each failed attempt of a long outage a fixed number of times, whatever was lost", () => {
  const readsWith = (losses: number): number => {
    let reads = 0;
    const attempts = Array.from({ length: 1000 }, (_, index) => ({
      type: "connect-failed" as const,
      session: "s0",
      connection: 2,
      status: 502,
      reason: "",
      fatal: false,
      get atMs() {
        reads++;
        return 1200 + index;
      },
    }));
    const lost = Array.from({ length: losses }, (_, index) => published(index + 1, 1300 + index));
    const result = judge([
      planned(losses),
      started,
      connectedDirectly(1100),
      disconnected(1150, "error"),
      ...attempts,
      ...lost,
    ]);
    expect(causesOf(result)).toEqual({ "while-disconnected": losses });
    return reads;
  };
  expect(readsWith(2000)).toBe(readsWith(2));
});
