import type { RunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import type { RunResult } from "../run-result.ts";
import type { Tally } from "../judge/tally.ts";

/**
 * What was asked of the topology and what its publishers managed: planned pairs, and those published between load-started and
 * drain-started, over that time. 0 without both phases.
 */
export function measureLoad(
  { engine }: RunRecord,
  { loadStartedMs, drainStartedMs }: RunContext,
  tally: Tally,
): RunResult["load"] {
  const seconds =
    loadStartedMs === null || drainStartedMs === null ? 0 : (drainStartedMs - loadStartedMs) / 1000;
  const perSecond = (events: number): number =>
    seconds > 0 ? Math.round((events / seconds) * 1000) / 1000 : 0;
  return {
    offeredEventsPerSecond: perSecond(tally.planned),
    achievedEventsPerSecond: perSecond(tally.publishedUnderLoad),
    engineLagMs: engine === null ? null : { p99: engine.lagMs.p99, max: engine.lagMs.max },
    cpuSeconds: engine?.cpuSeconds ?? null,
    rssBytes: engine?.rssBytes ?? null,
  };
}
