import { expect, it } from "vitest";
import { makeDeploy, makeRun, makeSummary } from "../test-support.ts";
import { stormTable } from "./storm-table.ts";

const deployWith = (cut: number, curve: number[]) => {
  const peakPerSecond = Math.max(...curve);
  const storm = { peakPerSecond, peakPerCutStream: peakPerSecond / cut, curve };
  const away = { cut, neverBack: 0, p50Ms: 1, p99Ms: 1 };
  return makeRun({ bounce: "crash", deploy: makeDeploy({ away, storm }) });
};

it("draws all curves on one scale, per cut stream", () => {
  const sharp = makeSummary([deployWith(10, [0, 10, 0])]);
  const flat = makeSummary([deployWith(20, [0, 5, 5, 10])]);
  flat.scenario.jitter = "none";
  const table = stormTable(
    new Map([
      ["a", sharp],
      ["b", flat],
    ]),
  );
  const [, , first, second] = table.split("\n");
  expect(first).toMatch(/^\| a \| full \| 1,000 \| .* \| crash \| 10 \| 1\.00 \| .*` █ ` \|$/);
  expect(second).toMatch(/^\| b \| none \| .* \| 20 \| 0\.50 \| .*` ▂▂▄` \|$/);
});

it("leaves out runs in which no stream was cut", () => {
  expect(stormTable(new Map([["a", makeSummary([makeRun({})])]]))).not.toContain("| a |");
});
