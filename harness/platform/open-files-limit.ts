/** Open files (`ulimit -n`) and the number of streams that they are enough for. */
import { execa } from "execa";

/** Files that router and load engine hold open besides the streams. */
const OTHER_FILES = 500;
/** The router holds two sockets per stream: one to the client, one to the instance. */
const FILES_PER_STREAM = 2;

/** Streams that fit into a limit of open files; Infinity when unlimited. */
export const streamsWithin = (limit: number): number =>
  Math.max(0, Math.floor((limit - OTHER_FILES) / FILES_PER_STREAM));

/** Open files that one process needs for this many streams. */
export const filesFor = (streams: number): number => streams * FILES_PER_STREAM + OTHER_FILES;

/**
 * How many files one process that the lab starts may open (`ulimit -n`). Node raises its own soft limit to the hard one,
 * and its children inherit that: so the shell is asked from here, and not the user's shell. Infinity when unlimited.
 */
export const openFilesLimit = async (): Promise<number> => {
  const { stdout } = await execa("/bin/sh", ["-c", "ulimit -n"]);
  return stdout.trim() === "unlimited" ? Infinity : Number.parseInt(stdout, 10);
};
