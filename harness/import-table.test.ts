import { join } from "node:path";
import { ESLint } from "eslint";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const eslint = new ESLint({ cwd: root });

/** Lints one import as if it stood in an existing file. */
async function boundaryErrors(file: string, imported: string): Promise<string[]> {
  const [result] = await eslint.lintText(`import "${imported}";\n`, { filePath: join(root, file) });
  return (result?.messages ?? [])
    .filter((message) => message.ruleId === "boundaries/element-types")
    .map((message) => message.message);
}

describe("the import table", () => {
  it.each([
    ["harness/checker/run-result.ts", "../run/describe-host.ts"],
    ["common/clock.ts", "./history/recorder.ts"],
    ["harness/checker/run-result.ts", "../../infra/topologies.ts"],
    ["harness/nemesis/nemesis.ts", "../../infra/topologies.ts"],
    ["harness/nemesis/nemesis.ts", "../checker/run-result.ts"],
    ["harness/load/portable/load-plan.ts", "../../../infra/topologies.ts"],
    ["harness/load/portable/load-plan.ts", "../../../server/src/app.ts"],
    ["harness/report/format.ts", "../history/observation.ts"],
    ["infra/program.ts", "./history/recorder.ts"],
    ["server/src/app.ts", "../../harness/history/recorder.ts"],
    ["server/src/app.ts", "../../infra/topologies.ts"],
    ["server/src/contract/events.ts", "../app.ts"],
  ])("refuses that %s imports %s", async (file, imported) => {
    expect(await boundaryErrors(file, imported)).toHaveLength(1);
  });

  it.each([
    ["harness/checker/run-result.ts", "../history/observation.ts"],
    ["harness/load/portable/load-plan.ts", "../../../server/src/contract/events.ts"],
    ["harness/report/format.ts", "../checker/run-result.ts"],
    ["harness/run/run-single.ts", "../../infra/topologies.ts"],
  ])("allows that %s imports %s", async (file, imported) => {
    expect(await boundaryErrors(file, imported)).toEqual([]);
  });
});
