import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fromRoot, PROJECT_ROOT } from "../../common/paths.ts";

/** One command line of a `sh` block, or an inline `make ...` / `sse-lab ...`. */
export interface DocumentedCommand {
  /** Path of the page, relative to the checkout. */
  page: string;
  /** Without comments, prompts and variables that are set before it. */
  line: string;
}

const SHELL_BLOCK = /^```sh\n([\s\S]*?)^```/gm;
const INLINE = /`((?:make|npx sse-lab|sse-lab) [^`]+)`/g;
const LINK = /\]\(([^)#\s]+)(?:#[^)]*)?\)/g;
const ASSIGNMENTS = /^(?:[A-Z0-9_]+=\S+ +)+/;

/** Every page of the project that a user reads. Paths are relative to the checkout. */
export const pages = (): string[] =>
  [
    ".",
    "docs",
    "loadtests",
    "results",
    "infra/offline",
    "standins",
    "standins/realtime/server",
  ].flatMap((folder) =>
    readdirSync(fromRoot(folder))
      .filter((file) => file.endsWith(".md"))
      .map((file) => join(folder, file)),
  );

const textOf = (page: string): string => readFileSync(fromRoot(page), "utf8");

/** The commands that a page shows, in its order. */
export const commandsOf = (page: string): DocumentedCommand[] => {
  const text = textOf(page);
  const blocks = [...text.matchAll(SHELL_BLOCK)].flatMap(([, block = ""]) => block.split("\n"));
  const inline = [...text.replaceAll(SHELL_BLOCK, "").matchAll(INLINE)].map(
    ([, command = ""]) => command,
  );
  return [...blocks, ...inline]
    .flatMap((line) => line.replace(/\s+#.*$|^\s*#.*$/, "").split(" && "))
    .map((line) => line.trim().replace(ASSIGNMENTS, ""))
    .filter((line) => line !== "")
    .map((line) => ({ page, line }));
};

/** The relative links of a page, as paths relative to the checkout. */
export const linksOf = (page: string): string[] =>
  [...textOf(page).matchAll(LINK)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => relative(PROJECT_ROOT, fromRoot(dirname(page), target)));

/** Targets of the Makefile that a user may call, in its order. */
export const makeTargets = (): string[] => {
  const text = readFileSync(fromRoot("Makefile"), "utf8");
  const topologies = /^TOPOLOGY_TARGETS := (.*)$/m.exec(text)?.[1]?.split(" ") ?? [];
  const documented = [...text.matchAll(/^([a-z0-9-]+):.*?## /gm)].map(([, target = ""]) => target);
  return [...documented, ...topologies];
};

/** Variables of `make` that the Makefile reads. */
export const makeVariables = (): Set<string> => {
  const text = readFileSync(fromRoot("Makefile"), "utf8");
  const read = text.matchAll(/\$\(([A-Z_]+)\)|call (?:flag|given|switch),([A-Z_]+)/g);
  return new Set([...read].map(([, plain, asked]) => plain ?? asked ?? ""));
};

const CODE_PATH = /`((?:common|server|infra|harness|loadtests|standins|docs)\/[A-Za-z0-9_./-]+)`/g;

/** The files and folders of the checkout that a page names. */
export const codePathsOf = (page: string): string[] =>
  [...textOf(page).matchAll(CODE_PATH)].map(([, path = ""]) => path);
