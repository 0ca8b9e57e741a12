import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { fromRoot } from "../../../../common/paths.ts";

/** Lines of code without comments and blank lines. */
const linesOf = (path: string): number => {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest);
  const printed = ts.createPrinter({ removeComments: true }).printFile(source);
  return printed.split("\n").filter((line) => line.trim() !== "").length;
};

const FOLDER = import.meta.dirname;
const LOG = ["session-log.ts", "append-queue.ts", "follower.ts", "redis-streams-broadcaster.ts"];
const LOG_HELPERS = ["keys.ts", "lua-script.ts", "follow-log.ts"];

const inFiles = (names: readonly string[]): number =>
  names.reduce((sum, name) => sum + linesOf(join(FOLDER, name)), 0);

test("docs/durable.md says how many lines there are to copy", () => {
  const page = readFileSync(fromRoot("docs/durable.md"), "utf8");
  const [, streams, pipelines] =
    /about (\d+) lines of code for streams and (\d+) for pipelines/.exec(
      page.replaceAll("\n", " "),
    ) ?? [];
  const all = readdirSync(FOLDER).filter((name) => !name.endsWith(".test.ts"));
  const forStreams = inFiles([...LOG, ...LOG_HELPERS]);
  expect(Math.abs(Number(streams) - forStreams), `${forStreams} for streams`).toBeLessThan(50);
  const rest = inFiles(all) - forStreams;
  expect(Math.abs(Number(pipelines) - rest), `${rest} for pipelines`).toBeLessThan(50);
});
