/** Open files (`ulimit -n`) and the number of streams that they are enough for. */
import { execa } from "execa";

/** Files that router and load engine hold open besides the streams. */
const OTHER_FILES = 500;
/**
 * Of whatever holds most: the router has two sockets per stream, one to the client and one to the instance. Where clients subscribe to
 * Realtime, it has one of each, and so has the load engine, beside the connections that it keeps for other requests: a tenth, at most.
 */
const FILES_PER_STREAM = { router: 2, realtime: 1.1 } as const;
export type StreamHolder = keyof typeof FILES_PER_STREAM;

/** Streams that fit into a limit of open files; Infinity when unlimited. */
export const streamsWithin = (limit: number, holder: StreamHolder = "router"): number =>
  Math.max(0, Math.floor((limit - OTHER_FILES) / FILES_PER_STREAM[holder]));

/** Open files that one process needs for this many streams. */
export const filesFor = (streams: number, holder: StreamHolder = "router"): number =>
  Math.ceil(streams * FILES_PER_STREAM[holder] + OTHER_FILES);

/**
 * How many files one process that the lab starts may open (`ulimit -n`). Node raises its own soft limit to the hard one,
 * and its children inherit that: so the shell is asked from here, and not the user's shell. Infinity when unlimited.
 */
export const openFilesLimit = async (): Promise<number> => {
  const { stdout } = await execa("/bin/sh", ["-c", "ulimit -n"]);
  return stdout.trim() === "unlimited" ? Infinity : Number.parseInt(stdout, 10);
};
