import { readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { fromRoot } from "../../common/paths.ts";
import { makeDeploy, makeRun, makeSummary } from "../report/test-support.ts";
import type { Summary } from "../report/summary/summary.ts";
import { DARK, LOST } from "../report/summary/figures.ts";
import { judgeClaim, judgeClaims, type Claim, type Evidence } from "./claim.ts";
import { claimsInDetail, claimsTable } from "./claims-markdown.ts";
import { CLAIMS } from "./claims.ts";
import {
  ADAPTATION_FILES,
  BROADCASTER_FILES,
  collectFacts,
  linesOfCode,
  REDIS_FILES,
} from "./facts.ts";
import { atMost, figureOf, ratioOf } from "./read-figures.ts";

const facts = collectFacts();
const evidenceOf = (...summaries: Summary[]): Evidence => ({
  results: summaries.map((summary, index) => ({ path: `results/${index}`, summary })),
  facts,
});
const verdictOf = (id: string, evidence: Evidence) =>
  judgeClaim(
    CLAIMS.find((claim) => claim.id === id)!,
    evidence,
  ).verdict;

const losing = (topology: string, lost: number, of = 12_000) =>
  makeRun({ topology, due: of, lostByCause: { "no-route": lost } });

describe("a statement", () => {
  const claim: Claim = {
    id: "mine",
    place: "Here",
    quote: "Nothing is lost",
    checks: [figureOf(LOST, "phase2", "none", atMost(0.005))],
    caveats: [figureOf(LOST, "phase2-sticky", "none", atMost(0.005))],
  };
  const verdict = (...runs: Parameters<typeof makeSummary>[0]) =>
    judgeClaim(claim, evidenceOf(makeSummary(runs))).verdict;
  const many = (topology: string, lost: number) =>
    [1, 2, 3, 4].map((repeat) => ({ ...losing(topology, lost + repeat), repeat }));

  it("is confirmed, qualified or refuted by the whole interval of its figures", () => {
    expect(verdict(...many("phase2", 0), ...many("phase2-sticky", 0))).toBe("confirmed");
    expect(verdict(...many("phase2", 0), ...many("phase2-sticky", 900))).toBe("qualified");
    expect(verdict(...many("phase2", 900), ...many("phase2-sticky", 0))).toBe("refuted");
  });

  it("is not tested without a run, in a run without trust, or if the interval decides nothing", () => {
    expect(verdict()).toBe("not tested");
    expect(
      verdict(...many("phase2", 0).map((run) => ({ ...run, verdict: "unknown" as const }))),
    ).toBe("not tested");
    const apart = [0, 400].map((lost, index) => ({ ...losing("phase2", lost), repeat: index + 1 }));
    const open = judgeClaim(claim, evidenceOf(makeSummary(apart)));
    expect([open.verdict, open.why]).toEqual([
      "not tested",
      expect.stringContaining("the interval includes 0.50 %"),
    ]);
  });

  it("takes its figure from the first result that has it", () => {
    const [first, second] = [makeSummary(many("phase1", 0)), makeSummary(many("phase2", 900))];
    expect(judgeClaim(claim, evidenceOf(first, second)).checks[0]?.reading).toMatchObject({
      source: "results/1",
    });
  });
});

describe("a quotient of two topologies", () => {
  const runs = (topology: string, mean: number) =>
    [1, 2, 3, 4].map((repeat) =>
      makeRun({
        topology,
        repeat,
        bounce: "rolling",
        deploy: makeDeploy({
          livedOn: { streams: 50, mean: mean + repeat / 1000, deviation: 0.1 },
        }),
      }),
    );

  it("comes with the interval of the difference", () => {
    const evidence = evidenceOf(makeSummary([...runs("phase1", 0.2), ...runs("phase2", 0.1)]));
    const reading = ratioOf(DARK, ["phase2", "phase1"], "rolling", atMost(1)).read(evidence);
    expect("missing" in reading ? reading : reading.value).toBeCloseTo(0.5, 1);
    // Half of the pipelines die all the same.
    expect(verdictOf("deploys-and-faults", evidence)).toBe("qualified");
    const worse = evidenceOf(makeSummary([...runs("phase1", 0.1), ...runs("phase2", 0.2)]));
    expect(verdictOf("deploys-and-faults", worse)).toBe("refuted");
  });
});

describe("the strategy's statements", () => {
  it("have ids and quotes of their own, and each is judged by something or says why not", () => {
    expect(new Set(CLAIMS.map(({ id }) => id)).size).toBe(CLAIMS.length);
    expect(new Set(CLAIMS.map(({ quote }) => quote)).size).toBe(CLAIMS.length);
    for (const judged of judgeClaims(CLAIMS, evidenceOf()))
      expect([
        judged.claim.id,
        judged.verdict === "not tested" ? judged.why : "judged",
      ]).not.toContain("");
  });

  it("turn with the figures: nothing about their verdicts is fixed", () => {
    const steady = (topology: string, lost: number, hitRatio: number) =>
      [1, 2, 3, 4].map((repeat) => ({
        ...losing(topology, lost),
        repeat,
        affinity: { hitRatio, misroutes: 0 },
      }));
    const as = (lost: number, hitRatio: number): Evidence =>
      evidenceOf(
        makeSummary(
          ["phase0", "naive", "phase1", "phase1-header", "phase2"].flatMap((topology) =>
            steady(topology, lost, hitRatio),
          ),
        ),
      );
    const ids = ["several-instances", "sticky-cookie", "header-hash", "pubsub-delivers"];
    const verdicts = (evidence: Evidence) => ids.map((id) => verdictOf(id, evidence));
    expect(verdicts(as(0, 1))).toEqual(["refuted", "confirmed", "confirmed", "refuted"]);
    expect(verdicts(as(6000, 0.3))).toEqual(["confirmed", "refuted", "refuted", "refuted"]);
    expect(verdicts(as(0, 0.3))).toEqual(["refuted", "refuted", "refuted", "confirmed"]);
    expect(
      verdictOf("200-lines", { results: [], facts: { ...facts, broadcasterLines: 250 } }),
    ).toBe("qualified");
    expect(
      verdictOf("200-lines", { results: [], facts: { ...facts, broadcasterLines: 400 } }),
    ).toBe("refuted");
  });

  it("do not take a stand-in's latency for Supabase's", () => {
    const runs = ["phase2", "phase3"].flatMap((topology) =>
      [1, 2, 3, 4].map((repeat) => makeRun({ topology, repeat })),
    );
    const { why } = judgeClaim(
      CLAIMS.find(({ id }) => id === "realtime-latency")!,
      evidenceOf(makeSummary(runs)),
    );
    expect(why).toContain("realtime-standin");
  });

  it("are written as a table and in detail, whatever stands in them", () => {
    const judged = judgeClaims(CLAIMS, evidenceOf(makeSummary([losing("phase2", 0)])));
    expect(claimsTable(judged).split("\n")).toHaveLength(CLAIMS.length + 2);
    for (const { id } of CLAIMS) expect(claimsInDetail(judged)).toContain(`### ${id}: `);
  });
});

describe("lines of code", () => {
  it("are those that the compiler prints without comments, but for how it breaks lines", () => {
    for (const files of [BROADCASTER_FILES, REDIS_FILES, ADAPTATION_FILES]) {
      const printed = files
        .map((file) => {
          const text = readFileSync(fromRoot(file), "utf8");
          const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
          const code = ts.createPrinter({ removeComments: true }).printFile(source);
          return code.split("\n").filter((line) => line.trim() !== "").length;
        })
        .reduce((sum, lines) => sum + lines, 0);
      expect(Math.abs(linesOfCode(files) - printed) / printed).toBeLessThan(0.2);
    }
  });
});
