import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type { RunResult } from "../../checker/run-result.ts";
import { compareSummaries } from "../compare-reports/compare-summaries.ts";
import { renderReadmeTable } from "../tables/readme-table.ts";
import { fromRoot } from "../../../common/paths.ts";
import { parseSummary, type runSchema, summaryJsonSchema } from "./summary.ts";
import { anySummary } from "../any-summary.ts";
import { makeCost, makeRun, makeSummary } from "../test-support.ts";

const reference = () =>
  makeSummary([
    makeRun({ topology: "a", lostByCause: { "no-route": 8000 } }),
    makeRun({
      topology: "b",
      bounce: "crash",
      neverPublished: 40,
      indeterminate: 3,
      recovered: 12,
    }),
  ]);

describe("the schema of summary.json", () => {
  it("agrees with RunResult in both directions", () => {
    expectTypeOf<z.infer<typeof runSchema>>().toEqualTypeOf<RunResult>();
  });

  it("reads back what it wrote, for any summary", () => {
    fc.assert(
      fc.property(anySummary, (summary) => {
        expect(parseSummary(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
      }),
    );
  });

  it.each<[string, (summary: ReturnType<typeof reference>) => unknown, RegExp]>([
    [
      "outcomes that do not add up to due",
      (s) => (s.runs[0]!.due += 1),
      /is 12000, but due is 12001/,
    ],
    [
      "causes that do not add up to lost",
      (s) => (s.runs[0]!.lostByCause.unexplained = 1),
      /adds up to 8001/,
    ],
    [
      "a loss ratio of neither denominator",
      (s) => (s.runs[0]!.lossRatio = 0.5),
      /lossRatio is 0.5/,
    ],
    [
      "a missed ratio that contradicts the counts",
      (s) => (s.runs[1]!.missedRatio = 0),
      /missedRatio is 0,/,
    ],
    [
      "more stuck streams than sessions",
      (s) => (s.runs[0]!.stuckStreams = 201),
      /stuckStreams is 201/,
    ],
    ["an unknown key of a run", (s) => Object.assign(s.runs[0]!, { packets: 1 }), /"packets"/],
    ["an unknown key at the top", (s) => Object.assign(s, { note: "" }), /"note"/],
    [
      "an unknown cause",
      (s) => Object.assign(s.runs[0]!.lostByCause, { gremlins: 0 }),
      /"gremlins"/,
    ],
    [
      "a cause that is left out",
      (s) => Reflect.deleteProperty(s.runs[0]!.lostByCause, "no-route"),
      /no-route/,
    ],
    [
      "a cost of an unknown source",
      (s) => s.runs[0]!.costs.push({ ...makeCost(), source: "guess" as "procfs" }),
      /source/,
    ],
    ["another schema version", (s) => Object.assign(s, { schemaVersion: 2 }), /schemaVersion/],
    ["half an event", (s) => (s.runs[0]!.duplicated = 0.5), /duplicated/],
    ["a time of day without a zone", (s) => (s.startedAt = "2026-11-23T10:00"), /startedAt/],
  ])("refuses %s", (_, spoil, message) => {
    const summary = reference();
    expect(parseSummary(summary)).toEqual(summary);
    spoil(summary);
    expect(() => parseSummary(summary)).toThrow(message);
  });

  it("reads summaries older than costs and grace, with defaults", () => {
    const before = structuredClone(reference()) as { scenario: object; runs: object[] };
    Reflect.deleteProperty(before.scenario, "graceS");
    for (const run of before.runs) Reflect.deleteProperty(run, "costs");
    const summary = parseSummary(before);
    expect(summary.scenario.graceS).toBe(10);
    expect(summary.runs.map((run) => run.costs)).toEqual([[], []]);
  });

  it("converts a loss ratio of an older summary, which divides by due", () => {
    const lost = { "no-route": 3000 };
    const summary = makeSummary([makeRun({ neverPublished: 6000, lostByCause: lost })]);
    const older = structuredClone(summary);
    older.runs[0]!.lossRatio = 0.25;
    expect(parseSummary(older)).toEqual(summary);
    expect(summary.runs[0]?.lossRatio).toBe(0.5);
  });

  it("reads summaries older than Realtime and cut streams, with nulls", () => {
    const bounces = [
      {
        kind: "crash",
        target: "a",
        startedMs: 1,
        endedMs: 2,
        open: 3,
        cut: 1,
        lost: 0,
        reconnects: 1,
      } as const,
    ];
    const before = structuredClone(makeSummary([makeRun({ bounces: [...bounces] })]));
    for (const key of ["catchUp", "realtimePlan", "realtimePublish", "overQuota"])
      Reflect.deleteProperty(before.scenario, key);
    for (const run of before.runs) {
      for (const key of ["realtime", "brokerHop", "quota"]) Reflect.deleteProperty(run, key);
      Reflect.deleteProperty(run.lostByCause, "quota");
      for (const key of ["open", "cut"])
        for (const bounce of run.bounces) Reflect.deleteProperty(bounce, key);
    }
    const { scenario, runs } = parseSummary(before);
    expect(scenario).toMatchObject({
      ...{ catchUp: false, realtimePlan: "none", realtimePublish: "http", overQuota: false },
    });
    expect(runs[0]).toMatchObject({
      realtime: null,
      brokerHop: null,
      quota: null,
      lostByCause: { quota: 0 },
    });
    expect(runs[0]?.bounces).toMatchObject([{ open: null, cut: null }]);
  });

  it("reads the committed reference run for the README table and a comparison", () => {
    const file = new URL("../../../results/reference/summary.json", import.meta.url);
    const summary = parseSummary(JSON.parse(readFileSync(file, "utf8")));
    expect(renderReadmeTable(summary)).toContain("| phase1 ");
    const { warnings } = compareSummaries(summary, {
      ...summary,
      scenario: { ...summary.scenario, graceS: 0 },
    });
    expect(warnings).toEqual([
      `not comparable: scenario.graceS is ${summary.scenario.graceS} in A and 0 in B.`,
    ]);
  });

  it("accepts a run in which nothing was due", () => {
    expect(
      parseSummary(makeSummary([makeRun({ due: 0, latencyMs: null })])).runs[0]?.lossRatio,
    ).toBe(0);
  });
});

describe("summary.schema.json", () => {
  const published: unknown = JSON.parse(
    readFileSync(fromRoot("harness/report/summary.schema.json"), "utf8"),
  );

  it("is up to date (else run npx tsx harness/report/scripts/write-schema.ts)", () => {
    expect(published).toEqual(JSON.parse(JSON.stringify(summaryJsonSchema())));
  });

  it("accepts the committed reference run, which may lack newer fields", () => {
    const file = new URL("../../../results/reference/summary.json", import.meta.url);
    const summary = JSON.parse(readFileSync(file, "utf8")) as { scenario: object; runs: object[] };
    const validate = new Ajv2020({ validateFormats: false }).compile(published as object);
    expect(validate(summary), JSON.stringify(validate.errors)).toBe(true);
    // Whatever the reference holds by then.
    Reflect.deleteProperty(summary.scenario, "graceS");
    for (const run of summary.runs) Reflect.deleteProperty(run, "costs");
    expect(validate(summary), JSON.stringify(validate.errors)).toBe(true);
  });

  it("accepts a real summary and rejects missing and unknown fields", () => {
    // Formats are left to zod: ajv knows `date-time` through a plugin only.
    const validate = new Ajv2020({ validateFormats: false }).compile(published as object);
    const summary = reference();
    expect(validate(summary), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...summary, note: "" })).toBe(false);
    expect(validate({ ...summary, seed: undefined })).toBe(false);
    expect(validate({ ...summary, runs: [{ ...summary.runs[0], lostByCause: {} }] })).toBe(false);
  });
});
