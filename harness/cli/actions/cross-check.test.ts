import { fromRoot } from "../../../common/paths.ts";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../report/summary/manifest.ts";
import { makeManifest, makeSummary } from "../../report/test-support.ts";
import { runCommand } from "../test-support/run-command.ts";

const FIXTURES = fromRoot("harness/checker/fixtures");

let root: string;
beforeAll(async () => (root = await mkdtemp(join(tmpdir(), "sse-lab-cross-check-"))));
afterAll(() => rm(root, { recursive: true }));

let folders = 0;
/** A folder of results with the history of these fixtures. */
async function results(
  fixtures: readonly string[],
  change: Partial<Manifest> = {},
): Promise<string> {
  const path = join(root, `r${folders++}`);
  await mkdir(path);
  const texts = await Promise.all(
    fixtures.map((name) => readFile(join(FIXTURES, `${name}.ndjson`), "utf8")),
  );
  await writeFile(join(path, "history.ndjson.gz"), gzipSync(texts.join("")));
  await writeFile(
    join(path, "manifest.json"),
    JSON.stringify(makeManifest(makeSummary([]), change)),
  );
  return path;
}

async function crossCheck(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { exitCode, stdout, stderr } = await runCommand(["cross-check", ...args]);
  return { code: exitCode, out: stdout, err: stderr };
}

describe("sse-lab cross-check", () => {
  it("says that two engines agree", async () => {
    const [a, b] = [await results(["valid"]), await results(["valid"], { engine: "k6" })];
    const { code, out } = await crossCheck(a, b);
    expect(out).toContain(`- A: engine native, ${a}\n- B: engine k6, ${b}`);
    expect(out).toContain("**They agree.**");
    expect(out).toMatch(/example +\| steady state \| +1, 1 \| 3 pairs, one by one/);
    expect(code).toBe(0);
  });

  it("names the engine, the defect and the session", async () => {
    const [a, b] = [await results(["valid"]), await results(["invalid-stray"], { engine: "k6" })];
    const { code, out } = await crossCheck(a, b);
    expect(out).toContain(
      '- example, steady state: k6 read 2 events named "message" that belong to no ' +
        "pipeline run: comments read as events, or unknown events (s0).",
    );
    expect(code).toBe(1);
  });

  it("tells the same as JSON, and which side is which where both engines are the same", async () => {
    const [a, b] = [await results(["invalid-duplicated"]), await results(["valid"])];
    const { code, out } = await crossCheck(a, b, "--json");
    expect(JSON.parse(out)).toMatchObject({
      a: { engine: "native", path: a },
      b: { engine: "native", path: b },
      agreement: "differ",
      findings: [
        {
          topology: "example",
          bounce: "none",
          kind: "duplicated",
          side: "A",
          count: 1,
          sessions: ["s0"],
          sentence:
            "example, steady state: 1 more duplicate arrived with native (A) than with " +
            "native (B) (s0).",
        },
      ],
    });
    expect(code).toBe(1);
  });

  it("cannot tell of unknown runs, and says why they are", async () => {
    const [a, b] = [await results(["valid"]), await results(["unknown-engine-silent"])];
    const { code, out } = await crossCheck(a, b);
    expect(out).toContain(
      "**Undecided.** Nothing comparable differs, but not every run could be compared.",
    );
    expect(out).toContain(
      "example, steady state, repeat 1: unknown with native (B). The load generator " +
        "reported nothing",
    );
    expect(code).toBe(2);
  });

  it("cannot tell of results that were interrupted", async () => {
    const [a, b] = [await results(["valid"]), await results(["valid"], { finishedAt: null })];
    const { code, err } = await crossCheck(a, b);
    expect(err).toBe(`sse-lab: ${b} was interrupted and may lack runs\n`);
    expect(code).toBe(2);
  });

  it("cannot tell of runs that only one side has", async () => {
    const [a, b] = [await results(["valid"]), await results(["outcome-lost"])];
    const { code, out } = await crossCheck(a, b);
    expect(out).toContain("- example, steady state: only native (A) has such runs.");
    expect(code).toBe(2);
  });

  it("refuses results of another plan by field and both values", async () => {
    const { scenario } = makeSummary([]);
    const a = await results(["valid"], { seed: 1 });
    const b = await results(["valid"], {
      seed: 2,
      scenario: { ...scenario, sessions: scenario.sessions + 1, topologies: ["phase0"], repeat: 9 },
    });
    const { code, err } = await crossCheck(a, b);
    expect(err).toContain(`seed is 1 in ${a} and 2 in ${b}`);
    expect(err).toContain(
      `sessions is ${scenario.sessions} in ${a} and ${scenario.sessions + 1} in ${b}`,
    );
    expect(err).toContain(
      `topologies is ${JSON.stringify(scenario.topologies.toSorted())} in ${a}`,
    );
    expect(err).not.toContain("repeat");
    expect(code).toBe(2);
  });

  it("says which folder is none of a loadtest, and which history is broken", async () => {
    const good = await results(["valid"]);
    expect((await crossCheck(good, root)).err).toContain(
      `${root} is not the folder of a loadtest (no manifest.json)`,
    );
    const bare = await results([]);
    await rm(join(bare, "history.ndjson.gz"));
    expect((await crossCheck(bare, good)).err).toContain("history.ndjson.gz is not there");
    const broken = await results([]);
    await writeFile(join(broken, "history.ndjson.gz"), gzipSync("{}\n"));
    const { code, err } = await crossCheck(good, broken);
    expect(err).toContain("line 1");
    expect(code).toBe(2);
  });

  it("teaches in its help how to make what it compares", async () => {
    const { code, out } = await crossCheck("--help");
    expect(out).toContain("sse-lab cross-check a b");
    expect(out).toContain("Exit code: 0 they agree, 1 they differ, 2");
    expect(code).toBe(0);
  });
});
