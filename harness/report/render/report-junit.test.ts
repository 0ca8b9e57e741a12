import fc from "fast-check";
import { SaxesParser } from "saxes";
import { describe, expect, it } from "vitest";
import { missingRuns } from "../summary/missing-runs.ts";
import { renderJunit } from "./report-junit.ts";
import { anySummary } from "../any-summary.ts";
import { makeRealtime, makeRun, makeSummary } from "../test-support.ts";

/**
 * The elements in document order, as `name attribute=value ...`.
 * @throws Error at the first place that is not well-formed XML 1.0.
 */
const elementsOf = (xml: string): string[] => {
  const elements: string[] = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", (tag) => {
    const attributes = Object.entries(tag.attributes).map(([name, value]) => `${name}=${value}`);
    elements.push([tag.name, ...attributes].join(" "));
  });
  parser.write(xml).close();
  return elements;
};

describe("junit.xml", () => {
  const counts = (tests: number, failures: number, errors: number) =>
    `tests=${tests} failures=${failures} errors=${errors} skipped=0`;
  const timestamp = "timestamp=2026-11-23T10:00:00.000Z";
  const outline = (xml: string) =>
    elementsOf(xml).filter((element) => !element.startsWith("propert"));

  it("has a suite per topology, a case per bounce and repeat, and the verdicts with their reasons", () => {
    const xml = renderJunit(
      makeSummary([
        makeRun({ topology: "x" }),
        makeRun({
          topology: "x",
          bounce: "crash",
          verdict: "invalid",
          reasons: ["a < b", "and more"],
        }),
        makeRun({ topology: "x", repeat: 2, verdict: "unknown", reasons: ["no drain"] }),
        makeRun({ topology: "x", bounce: "crash", repeat: 2 }),
      ]),
    );
    expect(outline(xml)).toEqual([
      `testsuites name=sse-lab ${counts(4, 1, 1)}`,
      `testsuite name=x ${timestamp} ${counts(4, 1, 1)}`,
      "testcase classname=x name=steady state, repeat 1",
      "testcase classname=x name=crash, repeat 1",
      "failure message=a < b\nand more type=invalid",
      "testcase classname=x name=steady state, repeat 2",
      "error message=no drain type=unknown",
      "testcase classname=x name=crash, repeat 2",
    ]);
  });

  it("names the Realtime implementation", () => {
    const properties = (xml: string) =>
      elementsOf(xml).filter((element) => element.includes("name=realtime"));
    const realtime = makeRealtime({ part: "realtime-standin", standIn: true, plan: "free" });
    expect(properties(renderJunit(makeSummary([makeRun({ realtime })])))).toEqual([
      "property name=realtimePart value=realtime-standin",
      "property name=realtimeStandIn value=true",
      "property name=realtimePlan value=free",
    ]);
    expect(properties(renderJunit(makeSummary([makeRun()])))).toEqual([]);
  });

  it("has an error for each planned run that was not measured, also of a topology without any", () => {
    const { scenario } = makeSummary([makeRun({ topology: "x" })]);
    const missing = "error message=not measured: the comparison was interrupted type=missing";
    const summary = makeSummary([makeRun({ topology: "x" })], {
      scenario: { ...scenario, topologies: ["x", "y"], repeat: 2 },
      finishedAt: null,
    });
    expect(outline(renderJunit(summary))).toEqual([
      `testsuites name=sse-lab ${counts(4, 0, 3)}`,
      `testsuite name=x ${timestamp} ${counts(2, 0, 1)}`,
      "testcase classname=x name=steady state, repeat 1",
      "testcase classname=x name=steady state, repeat 2",
      missing,
      `testsuite name=y ${timestamp} ${counts(2, 0, 2)}`,
      "testcase classname=y name=steady state, repeat 1",
      missing,
      "testcase classname=y name=steady state, repeat 2",
      missing,
    ]);
  });

  it("keeps a long reason whole", () => {
    const reason =
      `Router "traefik" died by itself <signal SIGSEGV> & ` + "took 12 streams along; ".repeat(100);
    const xml = renderJunit(
      makeSummary([makeRun({ verdict: "unknown", reasons: [reason, "Next."] })]),
    );
    expect(elementsOf(xml)).toContain(`error message=${reason}\nNext. type=unknown`);
  });

  it("carries the figures as properties, and leaves out those that are missing", () => {
    const elements = elementsOf(
      renderJunit(makeSummary([makeRun({ latencyMs: null, lostByCause: { unexplained: 3 } })])),
    );
    expect(elements).toContain("property name=lost value=3");
    expect(elements).toContain("property name=lossRatio value=0.00025");
    expect(elements.join("\n")).not.toContain("latencyP99Ms");
  });

  it("is well-formed and complete for any valid summary", () => {
    fc.assert(
      fc.property(anySummary, (summary) => {
        const cases = elementsOf(renderJunit(summary)).filter((element) =>
          element.startsWith("testcase"),
        );
        expect(cases).toHaveLength(summary.runs.length + missingRuns(summary).length);
      }),
    );
  });
});
