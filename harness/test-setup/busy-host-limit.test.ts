import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fromRoot } from "../../common/paths.ts";
import { BUSY_NOTE } from "./busy-host-limit.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "sse-lab-busy-"));
  await symlink(fromRoot("node_modules"), join(root, "node_modules"));
  const config = { test: { globalSetup: [fromRoot("harness/test-setup/busy-host-limit.ts")] } };
  await writeFile(join(root, "vitest.config.mjs"), `export default ${JSON.stringify(config)};`);
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Runs a suite in which so many tests are skipped with this note. */
const suite = async (skips: number, note: string) => {
  const tests = Array.from(
    { length: skips },
    (_, index) => `it("measures ${index}", (context) => context.skip(${JSON.stringify(note)}));`,
  );
  await writeFile(
    join(root, "some.test.mjs"),
    `import { it } from "vitest"; it("passes", () => {}); ${tests.join("\n")}`,
  );
  const vitest = fromRoot("node_modules/vitest/vitest.mjs");
  return execa(process.execPath, [vitest, "run", "--root", root], { reject: false });
};

it.each([
  [2, `${BUSY_NOTE} phase1, none: saturated`, 0],
  [3, `${BUSY_NOTE} phase1, none: saturated`, 1],
  [3, "another reason", 0],
])("%i skips with the note %j give exit code %i", async (skips, note, code) => {
  const { exitCode, stderr } = await suite(skips, note);
  expect(exitCode).toBe(code);
  expect(stderr.includes("tests were skipped on a busy host; at most 2 may be")).toBe(code === 1);
});
