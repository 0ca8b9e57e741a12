import { filesFor, openFilesLimit, streamsWithin } from "../platform/open-files-limit.ts";
import { CliError } from "./exit.ts";

/** Refuses more streams than one router process may have open. @throws CliError with the number that fits. */
export async function checkOpenFiles(sessions: number): Promise<void> {
  const limit = await openFilesLimit();
  const needed = filesFor(sessions);
  if (limit >= needed) return;
  throw new CliError(
    `--sessions ${sessions}: needs ${needed} open files in the router, the limit here is ${limit} (ulimit -n); raise it, or use --sessions ${streamsWithin(limit)} at most`,
  );
}
