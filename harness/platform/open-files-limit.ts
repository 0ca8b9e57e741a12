/** How many streams a limit of open files (`ulimit -n`) allows. */
import { execa } from "execa";

/** Files that the router and the load engine open besides the streams. */
const OTHER_FILES = 500;
/**
 * The router has two sockets per stream: to the client and to the instance. If clients subscribe to
 * Realtime, it and the load engine have one per client, and at most a tenth more for requests.
 */
const FILES_PER_STREAM = { router: 2, realtime: 1.1 } as const;
export type StreamHolder = keyof typeof FILES_PER_STREAM;

/** Streams that a limit of open files allows. Infinity for no limit. */
export const streamsWithin = (limit: number, holder: StreamHolder = "router"): number =>
  Math.max(0, Math.floor((limit - OTHER_FILES) / FILES_PER_STREAM[holder]));

/** Open files that one process needs for this many streams. */
export const filesFor = (streams: number, holder: StreamHolder = "router"): number =>
  Math.ceil(streams * FILES_PER_STREAM[holder] + OTHER_FILES);

/**
 * How many files a process that the lab starts may open. Infinity for no limit. Node raises its
 * soft limit to the hard one and its children inherit that, so a child is asked.
 */
export const openFilesLimit = async (): Promise<number> => {
  const { stdout } = await execa("/bin/sh", ["-c", "ulimit -n"]);
  return stdout.trim() === "unlimited" ? Infinity : Number.parseInt(stdout, 10);
};
