import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { z } from "zod";
import { DOCKER_PLUGIN, PULUMI_CLI } from "./pins.ts";

test("the plugin is the one that the installed @pulumi/docker asks for", () => {
  const manifest: unknown = createRequire(import.meta.url)("@pulumi/docker/package.json");
  const { version } = z.object({ version: z.string() }).parse(manifest);
  expect(DOCKER_PLUGIN.built.version).toBe(version);
});

test.each([PULUMI_CLI.built, DOCKER_PLUGIN.built])(
  "go.sum of $title pins every module of go.mod that isn't a folder beside it",
  async ({ source }) => {
    const mod = await readFile(`${source}go.mod`, "utf8");
    const sums = new Set(
      (await readFile(`${source}go.sum`, "utf8")).split("\n").map((line) => line.split(" h1:")[0]),
    );
    const replaced = new Map(
      [...mod.matchAll(/^(?:replace |\t)(\S+) => (\S+)(?: (v\S+))?$/gm)].map(
        ([, from, to, version]) => [
          from,
          version === undefined ? undefined : `${to ?? ""} ${version}`,
        ],
      ),
    );
    const required = [...mod.matchAll(/^(?:require |\t)(\S+) (v\S+)(?: \/\/ indirect)?$/gm)];
    expect(required.length).toBeGreaterThan(100);
    const unpinned = required
      .map(([, name, version]) =>
        replaced.has(name) ? replaced.get(name) : `${name ?? ""} ${version ?? ""}`,
      )
      .filter((pin) => pin !== undefined && !sums.has(pin) && !sums.has(`${pin}/go.mod`));
    expect(unpinned).toEqual([]);
  },
);
