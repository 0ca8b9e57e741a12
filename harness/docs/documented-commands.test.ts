import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fromRoot } from "../../common/paths.ts";
import { declareProgram } from "../cli/main.ts";
import {
  codePathsOf,
  commandsOf,
  linksOf,
  makeTargets,
  makeVariables,
  pages,
} from "./documented-commands.ts";

const documented = pages().flatMap(commandsOf);

test("the README fits on two screens", () => {
  expect(
    readFileSync(fromRoot("README.md"), "utf8").trimEnd().split("\n").length,
  ).toBeLessThanOrEqual(120);
});

test.each(pages())("every link of %s leads to a file", (page) => {
  expect(linksOf(page).filter((target) => !existsSync(fromRoot(target)))).toEqual([]);
});

test.each(pages())("every file and folder that %s names exists", (page) => {
  expect(codePathsOf(page).filter((path) => !existsSync(fromRoot(path)))).toEqual([]);
});

test("every documented make command names targets and variables of the Makefile", () => {
  const targets = new Set(makeTargets());
  const variables = makeVariables();
  const wrong = documented
    .filter(({ line }) => line.startsWith("make "))
    .filter(({ line }) => {
      const words = line
        .replaceAll(/"[^"]*"/g, "X")
        .split(" ")
        .slice(1);
      return words.some((word) =>
        word.includes("=") ? !variables.has(word.split("=")[0] ?? "") : !targets.has(word),
      );
    });
  expect(wrong).toEqual([]);
});

test("every documented sse-lab command and flag exists", async () => {
  const wrong: string[] = [];
  for (const { page, line } of documented) {
    const words = /^(?:npx )?sse-lab (.*)$/.exec(line)?.[1]?.split(" ");
    if (words === undefined) continue;
    const [name = "", ...rest] = words;
    const program = await declareProgram([name], () => () => Promise.resolve());
    const group = program.commands.find((one) => one.name() === name);
    const command = group?.commands.find((one) => one.name() === rest[0]) ?? group;
    const flags = command?.options.map(({ long }) => long) ?? [];
    const unknown = rest.filter(
      (word) => word.startsWith("--") && word !== "--help" && !flags.includes(word),
    );
    if ((command === undefined && !name.startsWith("--")) || unknown.length > 0)
      wrong.push(`${page}: ${line}`);
  }
  expect(wrong).toEqual([]);
});
