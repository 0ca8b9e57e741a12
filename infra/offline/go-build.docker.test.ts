/**
 * Real builds of a small Go module. Beside the Docker suite's tests, as those are what a built
 * toolchain is for.
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { buildGoBinary, builtArtifact, goFor } from "./go-build.ts";
import { PULUMI_CLI, type GoBinary } from "../toolchain/pins.ts";

const go = await goFor(PULUMI_CLI.built, process.env);
let folder: string;
let env: NodeJS.ProcessEnv;
let built: GoBinary;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-go-test-"));
  env = { ...process.env, SSE_LAB_CACHE: join(folder, "cache") };
  const source = join(folder, "source/");
  await mkdir(source);
  await writeFile(join(source, "go.mod"), "module example\n\ngo 1.21\n");
  await writeFile(join(source, "main.go"), 'package main\n\nfunc main() { print("good") }\n');
  built = {
    title: "the example",
    name: "example",
    version: "1.0.0",
    file: "example",
    source,
    args: ["."],
  };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const leftovers = async (): Promise<string[]> =>
  (await readdir(join(folder, "cache", "pulumi"))).filter((entry) => !entry.startsWith("example-"));

describe.skipIf(go.problem !== undefined)(
  `with Go on PATH (${go.problem ?? go.version ?? ""})`,
  () => {
    test("builds once, and again when the source is another one", async () => {
      const steps: string[] = [];
      const options = { env, onStep: (step: string) => steps.push(step) };
      const path = await buildGoBinary(built, options);
      expect((await execa(path)).stderr).toBe("good");
      expect(steps[0]).toContain("building the example from its Go modules");
      steps.length = 0;
      expect(await buildGoBinary(built, options)).toBe(path);
      expect(steps).toEqual([]);
      await writeFile(
        join(built.source, "main.go"),
        'package main\n\nfunc main() { print("better") }\n',
      );
      const other = await buildGoBinary(built, options);
      expect(other).not.toBe(path);
      expect((await execa(other)).stderr).toBe("better");
    });

    test("says what the compiler said, and leaves nothing", async () => {
      await writeFile(
        join(built.source, "main.go"),
        "package main\n\nfunc main() { nonsense() }\n",
      );
      await expect(buildGoBinary(built, { env })).rejects.toThrow(/undefined: nonsense.*Fix: /s);
      expect(await leftovers()).toEqual([]);
    });

    test("a build that is interrupted leaves nothing, and the next one builds", async () => {
      const controller = new AbortController();
      const building = buildGoBinary(built, { env, signal: controller.signal });
      const outcome = building.catch((error: unknown) => error);
      const { folder: made } = await builtArtifact(built, env);
      await vi.waitFor(
        async () => {
          const staged = (await leftovers()).some((entry) => entry.startsWith(".new-"));
          expect(staged).toBe(true);
        },
        { timeout: 30_000, interval: 5 },
      );
      controller.abort(new Error("interrupted"));
      expect(await outcome).toMatchObject({ message: "interrupted" });
      expect(await leftovers()).toEqual([]);
      await expect(readdir(made)).rejects.toThrow("ENOENT");
      expect((await execa(await buildGoBinary(built, { env }))).stderr).toBe("good");
    });
  },
);
