/** Each command of the Makefile and of the docs, with small figures, in a copy of this checkout. */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fromRoot, PROJECT_ROOT } from "../../common/paths.ts";
import { makeTargets } from "./documented-commands.ts";

const SMALL =
  "PLATFORM=local TOPOLOGIES=phase0 BOUNCES=none SESSIONS=4 RATE=5 ARRIVAL=ramp DURATION=4 " +
  'ARGS="--ramp 1 --drain 1 --open"';

/** Run here in this order. The text after `#` is what the output has to contain. */
const RUN_HERE = [
  "make help # make phase0",
  "make doctor # traefik",
  `make loadtest ${SMALL} OUT=results/a # live page: http://127.0.0.1:`,
  "make report RUN=results/a # phase0",
  "npx sse-lab compare results/a results/a # phase0",
  "npx sse-lab cross-check results/a results/a # phase0",
  "make phase0 PLATFORM=local # http://127.0.0.1:",
  `make loadtest ${SMALL.replace("TOPOLOGIES", "ATTACH")} # attached to phase0`,
  "npx sse-lab bounce phase0 --kind crash # crash",
  "make down # phase0",
  "make k6-scripts OUT=dist/k6 # ",
  "make conformance # 0 fail",
] as const;

/** Not run here, each for a reason. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  test: "this suite is part of it",
  "test-fast": "part of `make test`, by the same runner",
  check: "`make test` runs it before this suite",
  "test-docker": "needs a Docker engine; .ci/run runs it",
  "test-nodes": "fetches 400 MB; .ci/run runs it",
  bench: "harness/load/bench runs it with small figures",
  images: "needs a Docker engine; the Docker suite prepares all images",
  faults: "measures for most of an hour; `sse-lab faults` has a test with few pairs",
  migrate: "measures for three minutes; harness/run/migration.measure.test.ts walks it quicker",
  claims: "measures for a quarter of an hour; `sse-lab claims` has a test",
  storm: "measures for three minutes; `sse-lab storm` and the flags have tests",
  reference: "measures for a quarter of an hour; it is `make loadtest` with --repeat 3",
};

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sse-lab-docs-"));
  const { stdout } = await execa("git", [
    "-C",
    PROJECT_ROOT,
    "ls-files",
    "-co",
    "--exclude-standard",
  ]);
  for (const file of stdout.split("\n")) {
    cpSync(fromRoot(file), join(folder, file), { recursive: true });
  }
  symlinkSync(fromRoot("node_modules"), join(folder, "node_modules"));
});

afterAll(async () => {
  await execa("make", ["-o", "node_modules/.installed", "down"], { cwd: folder, reject: false });
  rmSync(folder, { recursive: true, force: true });
});

test.each(RUN_HERE)("%s", { timeout: 120_000 }, async (entry) => {
  const [command = "", expected = ""] = entry.split(" # ");
  // The copy shares node_modules, which no install may touch.
  const shared = command.replace(/^make /, "make -o node_modules/.installed ");
  const { all, exitCode } = await execa(shared, {
    cwd: folder,
    shell: true,
    all: true,
    reject: false,
  });
  expect(exitCode, all).toBe(0);
  expect(all).toContain(expected);
});

test("every target of the Makefile runs here or is listed with the reason", () => {
  const here = RUN_HERE.map((entry) => /^make ([a-z0-9-]+)/.exec(entry)?.[1]);
  const topologies = new Set(makeTargets().filter((target) => /^(phase|naive)/.test(target)));
  const missing = makeTargets().filter(
    (target) => !here.includes(target) && !(target in ELSEWHERE) && !topologies.has(target),
  );
  expect(missing).toEqual([]);
});
