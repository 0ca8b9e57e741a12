import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  LINE_MARK,
  type K6LogLine,
  type K6LogRecord,
} from "../../../harness/load/portable/k6-log-records.ts";
import { formatLine, K6LogWriter } from "./k6-log-writer.ts";

const clock = vi.hoisted(() => ({ nowMs: 0 }));
vi.mock("k6/execution", () => ({
  default: {
    instance: {
      get currentTestRunDuration() {
        return clock.nowMs;
      },
    },
  },
}));

const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
  clock.nowMs = 0;
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
});
afterEach(() => vi.restoreAllMocks());

const ended = (session: string): K6LogRecord => ({ type: "k6-ended", session, atMs: clock.nowMs });
const parsed = (line: string): K6LogLine => {
  expect(line.startsWith(LINE_MARK)).toBe(true);
  return JSON.parse(line.slice(LINE_MARK.length)) as K6LogLine;
};

describe("a line", () => {
  it("is ASCII on one line, whatever its records say, and is read back as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (session) => {
        const line = formatLine("p1", [ended(session)]);
        expect(line).toMatch(/^[\x20-\x7e]*$/);
        expect(parsed(line)).toEqual({ v: 1, process: "p1", records: [ended(session)] });
      }),
    );
  });
});

describe("the output of a VU", () => {
  it("writes 50 at once", () => {
    const output = new K6LogWriter("p1");
    for (let i = 0; i < 260; i++) output.record(ended(`s${i}`));
    expect(lines.map((line) => parsed(line).records.length)).toEqual(Array(5).fill(50));
    output.flush();
    expect(lines.map((line) => parsed(line).records.length)).toEqual([
      ...Array<number>(5).fill(50),
      10,
    ]);
    expect(lines.flatMap((line) => parsed(line).records)).toEqual(
      Array.from({ length: 260 }, (_, i) => ended(`s${i}`)),
    );
  });

  it("writes once a second while records come", () => {
    const output = new K6LogWriter("p1");
    output.record(ended("s0"));
    clock.nowMs = 999;
    output.record(ended("s1"));
    expect(lines).toEqual([]);
    clock.nowMs = 1_000;
    output.record(ended("s2"));
    expect(lines).toHaveLength(1);
  });

  it("writes nothing when there is nothing", () => {
    new K6LogWriter("p1").flush();
    expect(lines).toEqual([]);
  });
});
