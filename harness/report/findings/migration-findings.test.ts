import { expect, it } from "vitest";
import { answerOf } from "../answer/answer.ts";
import { makeManifest, makeRun, makeSummary } from "../test-support.ts";
import type { Step } from "../tables/step-table.ts";
import { renderReport } from "../render/report-markdown.ts";
import { renderSteps } from "../render/report-terminal.ts";
import { migrationFindings } from "./migration-findings.ts";

const step = (name: string, parts: Partial<Step> = {}): Step => ({
  name,
  startedMs: 0,
  endedMs: 1,
  allowedCauses: [],
  due: 1000,
  delivered: 1000,
  recovered: 0,
  lost: 0,
  neverPublished: 0,
  missed: 0,
  indeterminate: 0,
  lostByCause: {},
  published: 1000,
  overBroker: 0,
  failed: { requests: 0, streams: 0 },
  cut: 0,
  deliveryMs: null,
  ...parts,
});
const steps = [
  step("0 before"),
  step("1 router"),
  step("2 restart", { cut: 40 }),
  step("3 deploy", { lost: 12, lostByCause: { "no-route": 12 }, neverPublished: 34, cut: 40 }),
  step("4 flag", { lost: 1, lostByCause: { "broker-gap": 1 }, overBroker: 403 }),
];
const run = makeRun({ topology: "migration", bounce: "migration", steps });
const summary = makeSummary([run]);

it("says which steps no client noticed, and what each other one cost", () => {
  expect(migrationFindings(run)).toEqual([
    "No client noticed \u201c1 router\u201d: nothing was lost, cut or refused.",
    "Streams were cut or requests failed, but nothing was lost, in \u201c2 restart\u201d.",
    "\u201c3 deploy\u201d lost 12 of 1,000 due events (12 no-route), and 34 were never published.",
    "\u201c4 flag\u201d lost 1 of 1,000 due events (1 broker-gap), and 0 were never published.",
  ]);
  expect(migrationFindings({ ...run, verdict: "unknown" })).toEqual([]);
});

it("answers with what costs nothing and what costs most", () => {
  expect(answerOf(summary).sentences).toEqual([
    "Of 4 steps, 2 cost no event: \u201c1 router\u201d and \u201c2 restart\u201d.",
    "The costliest is \u201c3 deploy\u201d: it lost 12 of 1,000 due events (12 no-route), " +
      "and 34 were never published.",
  ]);
});

it("shows every step in the report and on a terminal", () => {
  const report = renderReport(summary, makeManifest(summary));
  expect(report).toMatch(/\| 3 deploy +\| +1,000 \| +12 \| +34 \| +40 /);
  expect(report).toContain("40.3 %");
  expect(renderSteps(summary, { colour: false })).toMatch(/4 flag +1,000 +1 /);
  expect(renderSteps(makeSummary([makeRun()]), { colour: false })).toContain("no step");
});
