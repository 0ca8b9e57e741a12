import { describe, expect, it } from "vitest";
import { makeDeploy, makeRun, makeSummary, LOSSLESS, type RunParts } from "../test-support.ts";
import { groupRuns } from "../summary/run-group.ts";
import type { Summary } from "../summary/summary.ts";
import { answerOf } from "./answer.ts";
import { answerBlocks } from "./answer-markdown.ts";
import { stuckChance } from "./stuck-chance.ts";

const stuck = { died: 0, terminalLost: 0, gaveUp: 0, neverStarted: 0, open: 0, untold: 0 };

/** One topology in steady state and under a rolling deploy. */
const measured = (topology: string, killed: number, parts: RunParts = {}): RunParts[] => [
  { topology, steady: LOSSLESS },
  {
    topology,
    bounce: "rolling",
    stuckStreams: killed,
    stuck: { ...stuck, died: killed },
    deploy: makeDeploy({
      killed,
      outlasting: { pipelines: 100, killed, graceS: 4 },
      livedOn: { streams: 100 - killed, mean: killed / 100, deviation: 0.01 },
    }),
    ...parts,
  },
];

const summaryOf = (...runs: RunParts[]): Summary => {
  const summary = makeSummary(runs.map(makeRun));
  return {
    ...summary,
    scenario: { ...summary.scenario, arrival: "stationary", pipelineS: 8, warmUpS: 4 },
  };
};

const sentences = (...runs: RunParts[]): string => answerOf(summaryOf(...runs)).sentences.join(" ");

describe("the answer", () => {
  it("names the topology that no other beats, its cost, and the next best", () => {
    expect(sentences(...measured("loses", 80), ...measured("keeps", 0))).toBe(
      "keeps fits best: it lost nothing in steady state, and one rolling deploy costs one of its " +
        "streams 0 s of events and 0 % of pipelines that outlast its grace. loses, the next " +
        "best, costs 0.80 s of events and 80.0 % of pipelines that outlast its grace.",
    );
  });

  it("chooses nothing between topologies that cannot be told apart", () => {
    expect(sentences(...measured("one", 40), ...measured("two", 41))).toMatch(
      /^one and two fit alike, as far as 1 repeat can tell: .* in one and .* in two\.$/,
    );
  });

  it("chooses nothing if each is best in something", () => {
    const dark = makeDeploy({
      killed: 0,
      outlasting: { pipelines: 100, killed: 0, graceS: 4 },
      livedOn: { streams: 100, mean: 4, deviation: 0.1 },
    });
    expect(sentences(...measured("kills", 60), ...measured("dark", 0, { deploy: dark }))).toMatch(
      /^No topology is best in everything: one rolling deploy costs one stream .* in kills/,
    );
  });

  it("never recommends what loses events without a deploy, and shows its loss last", () => {
    const lossy = { topology: "naive", lostByCause: { "no-route": 8000 }, steady: LOSSLESS };
    const [, bounced] = measured("naive", 0);
    const answer = answerOf(summaryOf(lossy, bounced!, ...measured("keeps", 5)));
    expect(answer.sentences.join(" ")).toMatch(
      /^Only keeps can be judged: .* naive loses 66\.7 % of events even without any deploy\.$/,
    );
    expect(answer.rows.map(({ label, lossyBy }) => [label, lossyBy])).toEqual([
      ["keeps", null],
      ["naive", "66.7 %"],
    ]);
  });

  it("concludes nothing from runs that cannot be trusted, nor without a deploy", () => {
    const [steady, bounced] = measured("keeps", 0);
    expect(sentences({ ...bounced!, verdict: "unknown" })).toMatch(/^No run can be trusted/);
    expect(sentences(steady!)).toBe("Which topology fits cannot be said: no deploy was measured.");
  });

  it("stands in the first ten lines, for as many topologies as are compared by default", () => {
    const lossy = { topology: "naive", lostByCause: { "no-route": 8000 }, steady: LOSSLESS };
    const runs = ["phase0", "phase1", "phase2"].flatMap((name, i) => measured(name, 20 * i));
    const blocks = answerBlocks(answerOf(summaryOf(lossy, ...runs)));
    const lines = `# Question\n\n${blocks.join("\n\n")}`.split("\n").slice(0, 10);
    for (const name of ["phase0", "phase1", "phase2", "naive"])
      expect(lines.some((line) => line.startsWith(`| ${name} `))).toBe(true);
    expect(lines.join("\n")).toMatch(/one deploy costs a stream .* stuck: 15 s .* 15 min/);
  });
});

describe("the chance to end stuck", () => {
  const outlasting = { pipelines: 80, killed: 0, graceS: 4 };
  const chance = (
    parts: { killed?: number; terminalLost?: number; bounce?: "rolling" | "crash" },
    lengthS: number,
    arrival: "stationary" | "ramp" = "stationary",
  ) => {
    const { killed = 0, terminalLost = 0, bounce = "rolling" } = parts;
    const summary = summaryOf(
      ...measured("any", 0, {
        bounce,
        stuck: { ...stuck, died: killed, terminalLost },
        deploy: makeDeploy({ killed, outlasting: { ...outlasting, killed } }),
      }),
    );
    const group = groupRuns(summary.runs).find((one) => one.bounce === bounce)!;
    return stuckChance(group, { ...summary.scenario, arrival }, { lengthS, deploysPerDay: 8 });
  };
  const dailyRisk = (seconds: number): number => 1 - Math.exp((-8 * seconds) / 86_400);

  it("is that of meeting a deploy if all that outlast the grace die, however few they were", () => {
    // 80 of 100 running pipelines outlast it here, and nearly all do if pipelines are long.
    expect(chance({ killed: 80 }, 900)!.value).toBeCloseTo(dailyRisk(900 - 4));
    expect(chance({ killed: 80 }, 15)!.value).toBeCloseTo(dailyRisk(15 - 4));
    expect(chance({ killed: 80 }, 3)!.value).toBe(0);
  });

  it("is the share of those that died", () => {
    expect(chance({ killed: 20 }, 900)!.value).toBeCloseTo(dailyRisk(0.25 * (900 - 4)));
  });

  it("does not grow with the length if the deploy loses only last events", () => {
    // 50 of 100 pipelines of 8 s each: the last events of 4 s are lost.
    expect(chance({ terminalLost: 50 }, 15)!.value).toBeCloseTo(dailyRisk(4));
    expect(chance({ terminalLost: 50 }, 900)!.value).toBeCloseTo(dailyRisk(4));
  });

  it("has an interval that leaves room though none was seen", () => {
    const { value, low, high } = chance({}, 900)!;
    expect([value, low]).toEqual([0, 0]);
    expect(high).toBeGreaterThan(0);
  });

  it("is not known from pipelines that all begin together, nor from a crash of one instance", () => {
    expect(chance({ killed: 50 }, 900, "ramp")).toBeNull();
    expect(chance({ killed: 50, bounce: "crash" }, 900)).toBeNull();
  });
});
