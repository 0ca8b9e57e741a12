import { fileURLToPath } from "node:url";
import { readHistory } from "../../history/read-history.ts";
import { judgeHistory } from "../judge-history.ts";
import type { RunResult } from "../run-result.ts";

/**
 * The result of the only run of a planted history.
 * @throws Error if it holds no run, or another number
 */
export async function judgeFixture(name: string): Promise<RunResult> {
  const path = fileURLToPath(new URL(`../fixtures/${name}.ndjson`, import.meta.url));
  const results: RunResult[] = [];
  for await (const result of judgeHistory(readHistory(path))) results.push(result);
  const [only, ...others] = results;
  if (only === undefined || others.length > 0)
    throw new Error(`${name} holds ${results.length} runs, not one`);
  return only;
}
