import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { advise, type Asked } from "../../report/advise/advise.ts";
import { HOST_NAMES, HOSTS } from "../../report/advise/hosts.ts";
import { LOSSLESS, makeDeploy, makeRun, makeSummary } from "../../report/test-support.ts";
import type { Summary } from "../../report/summary/summary.ts";
import { runCommand } from "../test-support/run-command.ts";

const STUCK = { died: 0, terminalLost: 0, gaveUp: 0, neverStarted: 0, open: 0, untold: 0 };

/** Of 100 open streams, `lost` s are lost by each; 50 of 100 pipelines die with `kills`. */
const runsOf = (topology: string, lost: number, kills: boolean) => [
  makeRun({ topology, steady: LOSSLESS }),
  makeRun({
    topology,
    bounce: "rolling",
    stuckStreams: kills ? 50 : 0,
    stuck: { ...STUCK, died: kills ? 50 : 0 },
    deploy: makeDeploy({
      killed: kills ? 50 : 0,
      outlasting: { pipelines: 100, killed: kills ? 50 : 0, graceS: 0 },
      livedOn: { streams: 100, mean: lost, deviation: 0 },
    }),
  }),
];
const made = makeSummary([...runsOf("loses", 2, true), ...runsOf("keeps", 0, false)]);
const summary: Summary = {
  ...made,
  scenario: { ...made.scenario, arrival: "stationary", pipelineS: 8, warmUpS: 4 },
};
const asked: Asked = {
  streams: 1000,
  pipelineS: 3600,
  deploysPerDay: 6,
  eventsPerSecond: 5,
  bounce: "rolling",
  host: HOSTS.own,
  toleratedLoss: 0.001,
};

describe("the advice", () => {
  it("adds up what a day loses, and counts who ends stuck", () => {
    const [keeps, loses] = advise(summary, asked);
    expect([keeps!.estimate.topology, loses!.estimate.topology]).toEqual(["keeps", "loses"]);
    // 6 deploys x 1,000 streams x 2 s x 5 events/s.
    expect(loses!.perDay.eventsLost.value).toBeCloseTo(60_000);
    expect(loses!.perDay.events).toBe(432_000_000);
    // 24,000 pipelines a day, each an hour at risk of half a deploy in four hours.
    const chance = 1 - Math.exp((-6 * 0.5 * 3600) / 86_400);
    expect(loses!.perDay.stuckByDeploys!.value).toBeCloseTo(24_000 * chance);
    expect(keeps!.perDay.stuckByDeploys!.value).toBe(0);
  });

  it("fits by the whole interval, and may fit by the mean alone", () => {
    const fits = (toleratedLoss: number): string[] =>
      advise(summary, { ...asked, toleratedLoss }).map(({ fit }) => fit);
    expect(fits(0.01)).toEqual(["fits", "fits"]);
    expect(fits(0.00001)).toEqual(["may fit", "does not fit"]);
    expect(fits(0)).toEqual(["may fit", "does not fit"]);
  });

  it("counts the cuts of a host that limits requests, each as a measured one", () => {
    const loses = advise(summary, { ...asked, host: HOSTS.railway })[1]!;
    // An hour takes 4 requests of 15 minutes: 3 cuts of each of 24,000 pipelines.
    expect(loses.perDay.cappedCuts).toBe(72_000);
    expect(loses.darkPerCutS!.value).toBeCloseTo(2);
    expect(loses.perDay.eventsLostByCap!.value).toBeCloseTo(72_000 * 2 * 5);
    expect(loses.perDay.eventsLost.value).toBeCloseTo(60_000 + 720_000);
    const short = advise(summary, { ...asked, pipelineS: 900, host: HOSTS.railway })[1]!;
    expect(short.perDay.eventsLostByCap).toBeNull();
  });

  it("has a source for every host", () => {
    for (const name of HOST_NAMES) expect(HOSTS[name].source).not.toBe("");
  });
});

describe("sse-lab advise", () => {
  const FLAGS = ["--streams", "1000", "--pipeline", "1h", "--deploys-per-day", "6"];
  const file = join(mkdtempSync(join(tmpdir(), "advise-")), "summary.json");
  writeFileSync(file, JSON.stringify(summary));
  const run = (...args: string[]) => runCommand(["advise", ...FLAGS, ...args, file]);

  it("says what fits, shows its arithmetic, and what of the host was not measured", async () => {
    const { exitCode, stdout } = await run("--host", "railway", "--tolerated-loss", "0.1%");
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      "# 1,000 streams at 5 events/s, pipelines of 3,600 s, 6 deploys a day on Railway",
    );
    expect(stdout).toContain(
      "**Fit for your numbers: keeps; not fit: loses (tolerated: 0.10 % of events lost).**",
    );
    expect(stdout).toMatch(/lost by the host's limit: 72,000 cuts x 2\.00 s .* = 720,000/);
    expect(stdout).toMatch(/Railway gives an instance 0 s to stop.*measure with `--grace 0`/);
    expect(stdout).toContain("docs.railway.com/");
  });

  it.each([
    [["--tolerated-loss", "much"], /--tolerated-loss is "much": give a percentage, such as 0\.01%/],
    [["--tolerated-loss", "200%"], /--tolerated-loss is "200%"/],
    [["--host", "moon"], /--host.*moon.*railway, fly, render, kubernetes, own/i],
    [["--bounce", "crash"], /no trusted run with figures per deploy under bounce crash/],
  ])("refuses %j, naming flag, value and fix", async (flags, message) => {
    const { exitCode, stderr } = await run(...flags);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(2);
  });
});
