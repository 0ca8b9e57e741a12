import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TOPOLOGIES } from "../../../infra/topologies.ts";
import { CAUSES } from "../../../harness/history/observation.ts";
import { scheduleSessions } from "../../../harness/load/portable/load-schedule.ts";
import { smallPlan } from "../../../harness/load/test-support/load-plan.ts";
import { parseSummary } from "../../../harness/report/summary/summary.ts";
import type { ScriptPlan } from "../plan/plan.ts";
import { createSummary, handleSummary, type K6Metric, type K6Summary } from "./summary.ts";

const plan: ScriptPlan = {
  load: smallPlan("http://127.0.0.1:1", { sessions: 4, durationS: 2, eventsPerSecond: 10 }),
  topology: TOPOLOGIES[2],
  bounce: "none",
  repeat: 2,
  out: "results/k6",
};
const schedule = scheduleSessions(plan.load);

const counter = (count: number): K6Metric => ({ values: { count, rate: count / 2 } });
const trend = (value: number): K6Metric => ({
  values: {
    count: 3,
    min: value,
    med: value,
    "p(90)": value,
    "p(99)": value,
    "p(99.9)": value,
    max: value,
  },
});

const data = (metrics: Record<string, K6Metric> = {}): K6Summary => ({
  state: { testRunDurationMs: 5_000 },
  metrics: {
    sse_sessions: counter(4),
    sse_events_due: { ...counter(80), thresholds: { "count>0": { ok: true } } },
    sse_events_delivered: counter(80),
    ...metrics,
  },
});

const runOf = (given: K6Summary) => createSummary(plan, schedule, given, 1_700_000_005_000).runs[0];

describe("the lab's summary of a k6 script", () => {
  it("is one that the lab takes, whatever was counted", () => {
    const counts = fc.record({
      delivered: fc.nat(1_000),
      recovered: fc.nat(1_000),
      neverPublished: fc.nat(1_000),
      indeterminate: fc.nat(1_000),
      byCause: fc.array(fc.nat(100), { minLength: CAUSES.length, maxLength: CAUSES.length }),
      stuck: fc.nat(4),
    });
    fc.assert(
      fc.property(
        counts,
        ({ delivered, recovered, neverPublished, indeterminate, byCause, stuck }) => {
          const lost = byCause.reduce((sum, count) => sum + count, 0);
          const due = delivered + recovered + neverPublished + indeterminate + lost;
          const summary = createSummary(
            plan,
            schedule,
            data({
              sse_events_due: counter(due),
              sse_events_delivered: counter(delivered),
              sse_events_recovered: counter(recovered),
              sse_events_never_published: counter(neverPublished),
              sse_events_indeterminate: counter(indeterminate),
              sse_events_lost: counter(lost),
              sse_stuck_streams: counter(stuck),
              sse_event_latency: trend(2.5),
              sse_downtime: trend(100),
              sse_reconnects: counter(3),
              ...Object.fromEntries(
                CAUSES.map((cause, index) => [
                  `sse_events_lost{cause:${cause}}`,
                  counter(byCause[index] ?? 0),
                ]),
              ),
            }),
            1_700_000_005_000,
          );
          const parsed = parseSummary(JSON.parse(JSON.stringify(summary)));
          expect(parsed.runs[0]).toMatchObject({
            due,
            delivered,
            recovered,
            lost,
            neverPublished,
            indeterminate,
          });
        },
      ),
    );
  });

  it("is one that the lab takes also when k6 kept no figures by cause", () => {
    const given = data({ sse_events_delivered: counter(77), sse_events_lost: counter(3) });
    const summary = createSummary(plan, schedule, given, 1_700_000_005_000);
    expect(parseSummary(summary).runs[0]?.lostByCause.unexplained).toBe(3);
  });

  it("says which run it was, when, and by what", () => {
    expect(createSummary(plan, schedule, data(), 1_700_000_005_000)).toMatchObject({
      startedAt: "2023-11-14T22:13:20.000Z",
      finishedAt: "2023-11-14T22:13:25.000Z",
      engine: "k6",
      client: "retrying",
      seed: 1,
      scenario: { topologies: ["phase1"], bounces: ["none"], sessions: 4, eventsPerSecond: 10 },
      runs: [{ topology: "phase1", bounce: "none", repeat: 2, sessions: 4 }],
    });
  });

  it("is valid when everything is known and every threshold was met", () => {
    const met = { ...counter(0), thresholds: { "count==0": { ok: true } } };
    expect(runOf(data({ sse_events_lost: met }))).toMatchObject({ verdict: "valid" });
  });

  it("is invalid when a threshold was not met, and names it", () => {
    const broken = { ...counter(2), thresholds: { "count==0": { ok: false } } };
    const run = runOf(data({ sse_events_duplicated: broken }));
    expect(run.verdict).toBe("invalid");
    expect(run.reasons).toContain("Threshold not met: sse_events_duplicated: count==0.");
  });

  it.each<[string, Record<string, K6Metric>, RegExp]>([
    [
      "events are indeterminate",
      { sse_events_delivered: counter(70), sse_events_indeterminate: counter(10) },
      /^10 of 80 events are indeterminate: no ledger was read/,
    ],
    [
      "nothing was due",
      { sse_events_due: counter(0), sse_events_delivered: counter(0) },
      /^No event was due/,
    ],
    [
      "nothing arrived",
      { sse_events_delivered: counter(0), sse_events_never_published: counter(80) },
      /^Not a single event/,
    ],
    ["thresholds were off", { sse_events_due: counter(80) }, /^The thresholds were switched off/],
    ["k6 was late", { sse_arrival_lateness: trend(400) }, /^k6 itself was late: .* 400 ms/],
  ])("is unknown when %s", (_, metrics, reason) => {
    const run = runOf(data(metrics));
    expect(run.verdict).toBe("unknown");
    expect(run.reasons[0]).toMatch(reason);
  });
});

describe("what handleSummary returns", () => {
  it("is the lab's summary and k6's own in the folder, and a table", () => {
    const files = handleSummary(plan, schedule, data({ sse_event_latency: trend(2.5) })) ?? {};
    expect(Object.keys(files).sort()).toEqual([
      "results/k6/k6-summary.json",
      "results/k6/summary.json",
      "stdout",
    ]);
    expect(parseSummary(JSON.parse(files["results/k6/summary.json"] ?? "")).engine).toBe("k6");
    expect(JSON.parse(files["results/k6/k6-summary.json"] ?? "")).toHaveProperty("metrics");
    expect(files["stdout"]).toMatch(/phase1, bounce none, repeat 2: valid/);
    expect(files["stdout"]).toMatch(/latency p50 \/ p99 \/ max +2\.5 ms \/ 2\.5 ms \/ 2\.5 ms/);
  });

  it("is nothing where no folder was named, so that k6 prints its own summary", () => {
    const { load, topology, bounce, repeat } = plan;
    expect(handleSummary({ load, topology, bounce, repeat }, schedule, data())).toBeUndefined();
  });

  it("names the variable that gives the data another shape", () => {
    const { metrics } = data();
    expect(() => handleSummary(plan, schedule, { metrics } as K6Summary)).toThrow(
      "unset K6_NEW_MACHINE_READABLE_SUMMARY",
    );
  });
});
