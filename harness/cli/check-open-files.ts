import { openFilesLimit } from "../platform/open-files-limit.ts";
import { CliError } from "./exit.ts";

/** Files that router and engine hold open besides the streams. */
const OTHER_FILES = 500;
/** The router holds two sockets per stream: one to the client, one to the instance. */
const FILES_PER_STREAM = 2;

/** Refuses more streams than one router process may have open. @throws CliError with the number that fits. */
export async function checkOpenFiles(sessions: number): Promise<void> {
  const limit = await openFilesLimit();
  const needed = sessions * FILES_PER_STREAM + OTHER_FILES;
  if (limit >= needed) return;
  const fits = Math.max(0, Math.floor((limit - OTHER_FILES) / FILES_PER_STREAM));
  throw new CliError(
    `--sessions ${sessions}: needs ${needed} open files in the router, the limit here is ${limit} (ulimit -n); raise it, or use --sessions ${fits} at most`,
  );
}
