/** What is said of 200 pairs of equal sides: at most one in twenty may show any difference. */
import { expect, it } from "vitest";
import { seededRandom } from "../../../common/portable/seeded-random.ts";
import { crossCheck } from "../../checker/compare-engines/cross-check.ts";
import { losing, runOf } from "../../checker/test-support/cross-runs.ts";
import { whichFits } from "../findings/which-fits.ts";
import { groupRuns } from "../summary/run-group.ts";
import { makeRun, makeSummary } from "../test-support.ts";
import { compareSummaries } from "./compare-summaries.ts";

const TRIALS = 200;
const random = seededRandom(3);
const normal = (): number =>
  Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());

/** Runs with the scatter that the reference run had over its repeats. */
const drawRun = (topology: string, repeat: number, bounce: "none" | "rolling") => {
  const p99 = (topology === "a" ? 3 : 7) * Math.exp(0.25 * normal());
  const share = bounce === "none" ? 0.02 : 0.3;
  const lost = Math.max(0, Math.round(12_000 * (share + 0.01 * normal())));
  return makeRun({
    topology,
    bounce,
    repeat,
    latencyMs: { p50: p99 / 4, p90: p99 / 2, p99, p999: 2 * p99, max: 3 * p99 },
    lostByCause: { "while-disconnected": lost },
    stuckStreams: Math.min(200, Math.max(0, Math.round(120 + 5 * normal()))),
  });
};
const drawRuns = (repeats: number, topologies: readonly string[]) =>
  topologies.flatMap((topology) =>
    Array.from({ length: repeats }, (_, index) =>
      (["none", "rolling"] as const).map((bounce) => drawRun(topology, index + 1, bounce)),
    ).flat(),
  );
const alarmsIn = (hasAlarm: () => boolean): number =>
  Array.from({ length: TRIALS }, hasAlarm).filter(Boolean).length;

it.each([1, 5])("compare, of %d repeats each", (repeats) => {
  const draw = () => makeSummary(drawRuns(repeats, ["a", "b"]));
  expect(
    alarmsIn(() => {
      const { matched } = compareSummaries(draw(), draw());
      return matched.some(({ figures }) =>
        figures.some(({ judgement }) => judgement === "worse" || judgement === "better"),
      );
    }),
  ).toBeLessThanOrEqual(TRIALS / 20);
});

it.each([1, 5])("which topology fits, of four topologies with %d repeats", (repeats) => {
  const ofBounce = () =>
    drawRuns(repeats, ["b", "c", "d", "e"]).filter(({ bounce }) => bounce === "rolling");
  expect(
    alarmsIn(() => whichFits(groupRuns(ofBounce())).join("\n").includes("did worse")),
  ).toBeLessThanOrEqual(TRIALS / 20);
});

it.each([1, 3])("cross-check, of %d repeats each", (repeats) => {
  const side = () =>
    Array.from({ length: repeats }, (_, index) => {
      const likely = 0.4 + 0.02 * normal();
      const lost = Array.from({ length: 100 }, () => (random.float() < likely ? 10 : 0));
      return runOf({ bounce: "crash", repeat: index + 1, durationS: 10 }, losing(lost));
    });
  expect(alarmsIn(() => crossCheck(side(), side()).findings.length > 0)).toBeLessThanOrEqual(
    TRIALS / 20,
  );
});
