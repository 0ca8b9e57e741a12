/** Real namespaces of Linux, as containers have them. Not every host permits them. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Flags of `unshare` (util-linux) for a process in other namespaces than this one. */
export const NAMESPACES = {
  /** Other pids, with a /proc of their own. */
  pids: ["--pid", "--fork", "--mount-proc", "--kill-child"],
  /** Another name of the host. */
  hostName: ["--uts"],
  /** Other mounts. */
  mounts: ["--mount"],
} as const;
export type Namespace = keyof typeof NAMESPACES;

/** False if this user or host may not make such namespaces: the test is skipped visibly then. */
export const permits = (...kinds: readonly Namespace[]): boolean =>
  spawnSync("unshare", [...kinds.flatMap((kind) => NAMESPACES[kind]), "true"]).status === 0;

/** Starts a module text with TypeScript imports in other namespaces. `before`: shell, run first. */
export const startIn = (kinds: readonly Namespace[], script: string, before = ":"): ChildProcess =>
  spawn(
    "unshare",
    [
      ...kinds.flatMap((kind) => NAMESPACES[kind]),
      "sh",
      "-c",
      `${before} && exec "$@"`,
      "sh",
      process.execPath,
      "--import",
      import.meta.resolve("tsx"),
      "--input-type=module",
      "-e",
      script,
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );

/** First line that the process prints. */
export const firstLine = async ({ stdout }: ChildProcess): Promise<string> => {
  if (stdout === null) throw new Error("the process has no stdout");
  const [line] = (await once(createInterface({ input: stdout }), "line")) as [string];
  return line;
};
