import type { Topology } from "../../../infra/topologies.ts";
import { filesFor, openFilesLimit, streamsWithin } from "../../platform/open-files-limit.ts";
import { usesRealtime } from "../../scenario/to-load-plan.ts";
import { UserError } from "../../../common/user-error.ts";

/** @throws UserError if one process may not open that many streams; names the number that fits */
export async function checkOpenFiles(
  sessions: number,
  topologies: readonly Topology[],
): Promise<void> {
  const holder = topologies.every(usesRealtime) ? "realtime" : "router";
  const limit = await openFilesLimit();
  const needed = filesFor(sessions, holder);
  if (limit >= needed) return;
  const where = holder === "router" ? "the router" : "Realtime and in the load engine";
  throw new UserError(
    `--sessions ${sessions}: needs ${needed} open files in ${where}, the limit here is ` +
      `${limit} (ulimit -n); raise it, or use --sessions ${streamsWithin(limit, holder)} at ` +
      "most",
  );
}
