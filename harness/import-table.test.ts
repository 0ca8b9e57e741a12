import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { ESLint } from "eslint";
import ts from "typescript";
import tseslint from "typescript-eslint";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const importRules = ["boundaries/element-types", "no-restricted-imports"];
// Neither rule needs types, which take ten seconds to load.
const eslint = new ESLint({
  cwd: root,
  overrideConfig: tseslint.configs.disableTypeChecked as never,
  ruleFilter: ({ ruleId }) => importRules.includes(ruleId),
});

/** Lints one import as if an existing file contained it. Returns the rules that refuse it. */
async function refusedBy(file: string, imported: string): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(`import "${imported}";\n`, { filePath: join(root, file) });
  return (result?.messages ?? []).map(({ ruleId }) => ruleId);
}

describe("the import table", () => {
  it.each([
    ["common/clock.ts", "../harness/history/recorder.ts"],
    ["common/clock.ts", "../infra/topologies.ts"],
    ["common/portable/parse-json.ts", "../../server/src/contract/events.ts"],
    ["harness/checker/run-result.ts", "../run/describe-host.ts"],
    ["harness/checker/run-result.ts", "../../infra/topologies.ts"],
    ["harness/nemesis/nemesis.ts", "../../infra/topologies.ts"],
    ["harness/nemesis/nemesis.ts", "../checker/run-result.ts"],
    ["harness/checker/run-result.ts", "../nemesis/nemesis.ts"],
    ["harness/load/portable/load-plan.ts", "../../../infra/topologies.ts"],
    ["harness/load/portable/load-plan.ts", "../../../server/src/app.ts"],
    ["harness/report/format.ts", "../history/observation.ts"],
    ["infra/program.ts", "../harness/history/recorder.ts"],
    ["server/src/app.ts", "../../harness/history/recorder.ts"],
    ["server/src/app.ts", "../../infra/topologies.ts"],
    ["server/src/app.ts", "../../standins/realtime/server/config.ts"],
    ["server/src/contract/events.ts", "../app.ts"],
    ["standins/realtime/server/config.ts", "../../../server/src/config.ts"],
    ["standins/realtime/server/config.ts", "../../../harness/checker/run-result.ts"],
    ["loadtests/lib/plan/read-scenario.ts", "../../../standins/realtime/server/config.ts"],
  ])("refuses that %s imports %s", async (file, imported) => {
    expect(await refusedBy(file, imported)).toEqual(["boundaries/element-types"]);
  });

  it.each([
    ["harness/load/portable/load-plan.ts", "node:fs"],
    ["harness/checker/judge/outcome.ts", "zod"],
    ["common/portable/parse-json.ts", "node:process"],
  ])("refuses that the portable file %s imports %s", async (file, imported) => {
    expect(await refusedBy(file, imported)).toEqual(["no-restricted-imports"]);
  });

  it.each([
    ["common/clock.ts", "./portable/parse-json.ts"],
    ["common/clock.ts", "node:fs"],
    ["harness/checker/run-result.ts", "../history/observation.ts"],
    ["harness/load/portable/load-plan.ts", "../../../server/src/contract/events.ts"],
    ["harness/load/portable/load-plan.ts", "../../../common/portable/parse-json.ts"],
    ["harness/report/format.ts", "../checker/run-result.ts"],
    ["harness/report/format.ts", "../nemesis/kinds.ts"],
    ["harness/run/run-single.ts", "../../infra/topologies.ts"],
    ["server/src/app.ts", "../../common/clock.ts"],
    ["standins/realtime/server/config.ts", "../../../common/environment.ts"],
  ])("allows that %s imports %s", async (file, imported) => {
    expect(await refusedBy(file, imported)).toEqual([]);
  });
});

const ROOMS = ["common", "harness", "infra", "loadtests", "server", "standins"];

/** Every source file with the files that it imports: types and dynamic imports included. */
function importGraph(): Map<string, string[]> {
  const files = ROOMS.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(ts|mjs)$/.test(name) && !name.includes("node_modules"))
      .map((name) => posix.join(room, name)),
  );
  return new Map(
    files.map((file) => {
      const { importedFiles } = ts.preProcessFile(
        readFileSync(join(root, file), "utf8"),
        true,
        true,
      );
      const relative = importedFiles.filter(({ fileName }) => fileName.startsWith("."));
      return [file, relative.map(({ fileName }) => posix.join(posix.dirname(file), fileName))];
    }),
  );
}

/** The first circle that a walk along the imports meets, as a list of files. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (done.has(file)) return undefined;
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    path.push(file);
    for (const imported of graph.get(file) ?? []) {
      const circle = visit(imported);
      if (circle !== undefined) return circle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const circle = visit(file);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

describe("import circles", () => {
  it("do not exist", () => {
    const graph = importGraph();
    expect(graph.get("harness/scenario/default-scenario.ts")).toEqual([
      "common/portable/default-grace.ts",
      "harness/load/portable/engine-limits.ts",
      "harness/scenario/scenario.ts",
    ]);
    expect(findCircle(graph)).toBeUndefined();
  });

  it("are found", () => {
    const graph = new Map([
      ["a", ["b"]],
      ["b", ["c", "d"]],
      ["c", []],
      ["d", ["b"]],
    ]);
    expect(findCircle(graph)).toEqual(["b", "d", "b"]);
  });
});
