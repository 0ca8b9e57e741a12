/**
 * junit.xml: a test suite per topology, a test case per bounce and repeat. Any CI then shows the
 * verdicts.
 */
import commonJs, { type Builder, type TestCase } from "junit-report-builder";
import type { RunResult } from "../../checker/run-result.ts";
import { type MissingRun, missingRuns } from "../summary/missing-runs.ts";
import { bounceLabel } from "../summary/run-group.ts";
import type { Summary } from "../summary/summary.ts";

// The library's types declare a default export; what its CommonJS module exports is the builder
// itself.
const junit = commonJs as unknown as Builder;

const figures = (run: RunResult): Record<string, number | null> => ({
  sessions: run.sessions,
  due: run.due,
  delivered: run.delivered,
  recovered: run.recovered,
  lost: run.lost,
  neverPublished: run.neverPublished,
  indeterminate: run.indeterminate,
  lossRatio: run.lossRatio,
  missedRatio: run.missedRatio,
  stuckStreams: run.stuckStreams,
  latencyP50Ms: run.latencyMs?.p50 ?? null,
  latencyP99Ms: run.latencyMs?.p99 ?? null,
  reconnects: run.reconnects.count,
  reconnectsPeakPerSecond: run.reconnects.peakPerSecond,
  timeTo95Ms: run.reconnects.timeTo95Ms,
  timeTo100Ms: run.reconnects.timeTo100Ms,
  affinityHitRatio: run.affinity.hitRatio,
});

const addVerdict = (testCase: TestCase, run: RunResult): void => {
  const message = run.reasons.join("\n") || "no reason was recorded";
  if (run.verdict === "invalid") testCase.failure(message, "invalid");
  if (run.verdict === "unknown") testCase.error(message, "unknown");
};

const caseName = ({ bounce, repeat }: MissingRun): string =>
  `${bounceLabel(bounce)}, repeat ${repeat}`;

/**
 * The document as text. `invalid` becomes a failure; `unknown` and a planned run without a result
 * become errors. Missing figures have no property.
 */
export const renderJunit = (summary: Summary): string => {
  const report = junit.newBuilder().name("sse-lab");
  const missing = missingRuns(summary);
  const topologies = new Set([...summary.runs, ...missing].map((run) => run.topology));
  for (const topology of topologies) {
    const suite = report.testSuite().name(topology).timestamp(summary.startedAt);
    for (const run of summary.runs.filter((each) => each.topology === topology)) {
      const testCase = suite
        .testCase()
        .className(topology)
        .name(caseName(run))
        .property("expectation", run.expectation);
      if (run.realtime !== null)
        testCase
          .property("realtimePart", run.realtime.part)
          .property("realtimeStandIn", String(run.realtime.standIn))
          .property("realtimePlan", run.realtime.plan);
      for (const [figure, value] of Object.entries(figures(run)))
        if (value !== null) testCase.property(figure, String(value));
      addVerdict(testCase, run);
    }
    for (const run of missing.filter((each) => each.topology === topology))
      suite
        .testCase()
        .className(topology)
        .name(caseName(run))
        .error("not measured: the comparison was interrupted", "missing");
  }
  return report.build();
};
