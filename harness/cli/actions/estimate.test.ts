import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeDeploy, makeRun, makeSummary } from "../../report/test-support.ts";
import { runCommand } from "../test-support/run-command.ts";

const written = (deploy: ReturnType<typeof makeDeploy> | null): string => {
  const file = join(mkdtempSync(join(tmpdir(), "estimate-")), "summary.json");
  writeFileSync(file, JSON.stringify(makeSummary([makeRun({ bounce: "rolling", deploy })])));
  return file;
};
const FLAGS = ["--streams", "2000", "--pipeline", "10m", "--deploys-per-day", "8"];
const estimate = (...args: string[]) => runCommand(["estimate", ...args]);

it("estimates a day, as text and as JSON", async () => {
  const file = written(makeDeploy({}));
  const text = await estimate(...FLAGS, file);
  expect(text).toMatchObject({ exitCode: 0, stderr: "" });
  expect(text.stdout).toContain("# A day with 2,000 streams, pipelines of 600 s and 8 deploys");
  const json = JSON.parse((await estimate(...FLAGS, "--json", file)).stdout) as {
    wanted: object;
    estimates: { topology: string }[];
  };
  expect(json.wanted).toMatchObject({ streams: 2000, pipelineS: 600, eventsPerSecond: 5 });
  expect(json.estimates.map(({ topology }) => topology)).toEqual(["phase9"]);
});

it.each([
  [["--streams", "no"], /--streams is "no": give a number of streams, such as 2000/],
  [["--streams", "0"], /--streams is "0": .* more than 0/],
  [["--pipeline", "10 parsec"], /--pipeline is "10 parsec": give a length such as 90s, 10m or 1h/],
  [["--deploys-per-day", "-1"], /--deploys-per-day is "-1": give a number, such as 8/],
  [["--rate", ""], /--rate is "": give events\/s, such as 5/],
  [["--bounce", "crash"], /has no trusted run with figures per deploy under bounce crash: name/],
])("refuses %j, naming flag, value and fix", async (flags, message) => {
  const { exitCode, stderr } = await estimate(...FLAGS, ...flags, written(makeDeploy({})));
  expect(stderr).toMatch(message);
  expect(exitCode).toBe(2);
});

it("says that an older result lacks the figures, and how to get them", async () => {
  const { exitCode, stderr } = await estimate(...FLAGS, written(null));
  expect(stderr).toMatch(/figures per deploy .* rebuild an older one with `sse-lab report DIR`/);
  expect(exitCode).toBe(2);
});
