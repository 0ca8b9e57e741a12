import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { fromRoot } from "../../../common/paths.ts";
import { runCommand } from "../test-support/run-command.ts";

it("judges the statements from the reference run, with the source of each figure", async () => {
  const { stdout, exitCode } = await runCommand(["claims", "results/reference", "--json"]);
  expect(exitCode).toBe(0);
  const judged = JSON.parse(stdout) as { id: string; verdict: string; checks: object[] }[];
  const found = judged.find(({ id }) => id === "several-instances");
  expect(found?.verdict).toBe("confirmed");
  expect(found?.checks[0]).toMatchObject({
    state: "holds",
    reading: { source: "results/reference" },
  });
});

it("refuses a result that is not there, and others beside its own", async () => {
  const missing = await runCommand(["claims", "no-such-folder"]);
  expect([missing.exitCode, missing.stderr]).toEqual([2, expect.stringContaining("is not there")]);
  const again = await runCommand(["claims", "--again"]);
  expect([again.exitCode, again.stderr]).toEqual([2, expect.stringContaining("needs --measure")]);
  const both = await runCommand(["claims", "results/reference", "--measure"]);
  expect([both.exitCode, both.stderr]).toEqual([2, expect.stringContaining("--measure")]);
});

it("docs/claims.md is what its generator writes", async () => {
  expect(readFileSync(fromRoot("docs/claims.md"), "utf8")).toContain("## Every check");
  const script = fromRoot("harness/claims/scripts/write-claims.ts");
  await promisify(execFile)(process.execPath, ["--import", "tsx", script, "--check"]);
});
