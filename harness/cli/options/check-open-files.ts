import type { Topology } from "../../../infra/topologies.ts";
import { filesFor, openFilesLimit, streamsWithin } from "../../platform/open-files-limit.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { usesRealtime } from "../../scenario/to-load-plan.ts";
import { UserError } from "../../../common/user-error.ts";

/** No run with a bounce is longer by default, seconds. */
const LONGEST_RUN_S = 40;

/**
 * Streams per session that may be open at once. In a stationary load others follow a session whose
 * pipeline died in a bounce, while its stream stays open.
 */
const streamsPerSession = ({ arrival, bounces, duration, pipeline }: AskedStreams): number => {
  if (arrival === "ramp" || bounces.every((bounce) => bounce === "none")) return 1;
  return 1 + Math.min(1, (duration ?? LONGEST_RUN_S) / pipeline);
};

type AskedStreams = Pick<Scenario, "sessions" | "arrival" | "bounces" | "duration" | "pipeline">;

/** @throws UserError if one process may not open that many streams; names the number that fits */
export async function checkOpenFiles(
  scenario: AskedStreams,
  topologies: readonly Topology[],
): Promise<void> {
  const { sessions } = scenario;
  const share = streamsPerSession(scenario);
  const holder = topologies.every(usesRealtime) ? "realtime" : "router";
  const limit = await openFilesLimit();
  const needed = filesFor(share * sessions, holder);
  if (limit >= needed) return;
  const where = holder === "router" ? "the router" : "Realtime and in the load engine";
  throw new UserError(
    `--sessions ${sessions}: needs ${needed} open files in ${where}, the limit here is ` +
      `${limit} (ulimit -n); raise it, or use --sessions ` +
      `${Math.floor(streamsWithin(limit, holder) / share)} at ` +
      "most",
  );
}
