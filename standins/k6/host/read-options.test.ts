import { describe, expect, it } from "vitest";

import { readOptions } from "./read-options.ts";

const scenario = (settings: object) => ({
  scenarios: { s: { executor: "per-vu-iterations", ...settings } },
});

describe("readOptions", () => {
  it("has k6's defaults", () => {
    expect(readOptions({})).toMatchObject({
      scenario: {
        name: "default",
        exec: "default",
        vus: 1,
        iterations: 1,
        maxDurationMs: 600_000,
        gracefulStopMs: 30_000,
      },
      thresholds: {},
      setupTimeoutMs: 60_000,
    });
  });

  it("parses durations like Go, and numbers as milliseconds", () => {
    const options = readOptions({
      ...scenario({ maxDuration: "1m30.5s", gracefulStop: "0s" }),
      setupTimeout: 250,
    });
    expect(options).toMatchObject({
      scenario: { maxDurationMs: 90_500, gracefulStopMs: 0 },
      setupTimeoutMs: 250,
    });
  });

  it.each([
    [{ stages: [] }, 'option "stages"'],
    [{ scenarios: { s: { executor: "constant-vus" } } }, '"constant-vus" (scenario s)'],
    [{ scenarios: {} }, "one scenario, not 0"],
    [scenario({ startTime: "1s" }), '"startTime"'],
    [scenario({ vus: 0 }), "number of vus"],
    [{ thresholds: { lost: [{ delayAbortEval: "1s" }] } }, "delayAbortEval"],
  ])("refuses %j", (options, message) => {
    expect(() => readOptions(options)).toThrow(message);
  });
});
