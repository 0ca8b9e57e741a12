import { execa } from "execa";

/**
 * How many files one process that the lab starts may open (`ulimit -n`). Node raises its own soft limit to the hard one,
 * and its children inherit that: so the shell is asked from here, and not the user's shell. Infinity when unlimited.
 */
export const openFilesLimit = async (): Promise<number> => {
  const { stdout } = await execa("/bin/sh", ["-c", "ulimit -n"]);
  return stdout.trim() === "unlimited" ? Infinity : Number.parseInt(stdout, 10);
};
