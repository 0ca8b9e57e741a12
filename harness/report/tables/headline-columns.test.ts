import { describe, expect, it } from "vitest";
import type { RunResult } from "../../checker/run-result.ts";
import { groupRuns } from "../summary/run-group.ts";
import { makeDeploy, makeRun, type RunParts, LOSSLESS as steady } from "../test-support.ts";
import { deployColumns, deployLegend, noteOf, STEADY_COLUMNS } from "./headline-columns.ts";
import { newUserTable } from "./new-user-table.ts";

const groupOf = (...runs: RunParts[]) => groupRuns(runs.map(makeRun))[0]!;
const cellsOf = (
  columns: ReturnType<typeof deployColumns>,
  group: ReturnType<typeof groupOf>,
): Record<string, string> =>
  Object.fromEntries(columns.map(({ heading, cell }) => [heading, cell(group)]));
const percentiles = { samples: 9, p50: 1, p90: 2, p99: 3, p999: 4, max: 5 };
const figures = { ...percentiles, resolved: true, floorMs: 0 };
const latencyOf = (change: Partial<typeof figures>) => ({
  total: figures,
  lateness: figures,
  delivery: { ...figures, ...change },
});

describe("steady state", () => {
  it("never shows a bare 0, and bounds it by all observed hours", () => {
    const run = { latency: latencyOf({}), steady };
    const cells = cellsOf(STEADY_COLUMNS, groupOf(run, { ...run, repeat: 2 }));
    expect(cells).toMatchObject({
      "delivery p99": "3.0 ms",
      "lost per stream-hour": "none seen (at most 0.8 gaps)",
    });
    const lossy = { ...steady, lossesPerStreamHour: 12 };
    expect(cellsOf(STEADY_COLUMNS, groupOf({ steady: lossy }))["lost per stream-hour"]).toBe("12");
  });

  it("says what the instrument cannot resolve", () => {
    const p99 = (change: Partial<typeof figures>) =>
      cellsOf(STEADY_COLUMNS, groupOf({ latency: latencyOf(change) }))["delivery p99"];
    expect(p99({ resolved: false })).toBe("at most 3.0 ms");
    expect(p99({ floorMs: 3 })).toBe("at most 3.0 ms");
    expect(p99({ floorMs: 1 })).toBe("3.0 ms");
  });

  it("notes whose latency it is if events were lost", () => {
    expect(noteOf(groupOf({ lostByCause: { "no-route": 8000 } }))).toBe(
      "Latency of the 33.3 % that arrived",
    );
    expect(noteOf(groupOf({}))).toBe("");
  });
});

describe("a deploy", () => {
  const deploy = makeDeploy({
    running: 100,
    killed: 100,
    open: 100,
    livedOn: { streams: 0, mean: 0, deviation: 0 },
  });

  it("counts the killed of a deploy among those that outlast the drain's grace", () => {
    const met = makeDeploy({ killed: 40, outlasting: { pipelines: 50, killed: 50, graceS: 4 } });
    const killedIn = (bounce: "rolling" | "crash") =>
      cellsOf(deployColumns(), groupOf({ bounce, deploy: met }))["pipelines killed"];
    expect(killedIn("rolling")).toMatch(/^100 % \[.*\] of 50$/);
    expect(killedIn("crash")).toMatch(/^40\.0 % \[.*\] of 100$/);
  });

  it("shows who was killed, and counts clients that were never back as longest", () => {
    const away = { cut: 10, neverBack: 2, p50Ms: 200, p99Ms: null };
    const cells = cellsOf(
      deployColumns(),
      groupOf({ bounce: "rolling", deploy: { ...deploy, away } }),
    );
    expect(cells["pipelines killed"]).toMatch(/^100 % \[.*\] of 100$/);
    expect(cells).toMatchObject({ dark: "–", "away p50": "200 ms", "away p99": "never back" });
  });

  it("names the settings that decide a figure", () => {
    const settings = { DRAIN_GRACE_MS: 2000, DRAIN_RETRY_MS: 500, PORT: 1 };
    const headings = deployColumns(settings).map(({ heading }) => heading);
    expect(headings).toContain("dark, doomed (DRAIN_GRACE_MS 2000)");
    expect(deployLegend(settings, [])).toContain("DRAIN_GRACE_MS 2000, DRAIN_RETRY_MS 500.");
    expect(deployLegend({}, [])).not.toContain("settings");
  });

  it("notes a single instance, and a crash that left nothing to lose", () => {
    expect(
      noteOf(groupOf({ bounce: "rolling", sessionsPerInstance: { a: { first: 1, last: 1 } } })),
    ).toMatch(/^One instance: it stops, then starts/);
    expect(noteOf(groupOf({ bounce: "crash", deploy }))).toMatch(/^Nothing left to lose/);
  });

  it("counts the runs that it leaves out", () => {
    const group = groupOf(
      { bounce: "rolling", deploy },
      { bounce: "rolling", deploy, repeat: 2, verdict: "unknown" },
    );
    expect(cellsOf(deployColumns(), group).topology).toBe("phase9 (1 of 2 runs)");
  });
});

it("shows what new users met, step by step, and nothing without new users", () => {
  type Steps = NonNullable<RunResult["newUsers"]>["during"];
  const none = { count: 0, failed: 0, retries: 0, durationMs: null };
  const idle: Steps = { create: none, connect: none, start: none, gate: none, begin: none };
  const met = { ...idle, create: { count: 9, failed: 2, retries: 4, durationMs: percentiles } };
  const during = (steps: Steps) =>
    newUserTable([groupOf({ bounce: "crash", newUsers: { during: steps, outside: idle } })]);
  expect(during(met)).toMatch(
    /\| phase9 +\| crash +\| create the session \| +9 \| +2 \| +4 \| 1\.0 ms \| 3\.0 ms \| +– \|/,
  );
  expect(during(idle)).toBeNull();
});
