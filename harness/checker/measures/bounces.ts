import { cutOf, type Bounce } from "../records/bounces.ts";
import type { RunContext } from "../records/run-context.ts";
import type { RunRecord } from "../records/run-record.ts";
import type { RunResult } from "../run-result.ts";
import { roundMs } from "./histogram.ts";

/**
 * For each bounce: the streams open when it began, and how many of these it cut, without those that
 * hung on something else.
 */
export function countCuts(
  { sessions }: Pick<RunRecord, "sessions">,
  bounces: readonly Bounce[],
): { open: number; cut: number }[] {
  const counts = bounces.map(() => ({ open: 0, cut: 0 }));
  if (bounces.length === 0) return counts;
  for (const session of sessions.values()) {
    for (const connection of session.connections()) {
      const cut = cutOf(bounces, connection);
      for (const [index, bounce] of bounces.entries()) {
        const { startedMs } = bounce;
        const count = counts[index];
        if (
          count === undefined ||
          connection.subscribedMs > startedMs ||
          connection.endedMs < startedMs
        )
          continue;
        count.open++;
        if (cut?.bounce === bounce && !cut.collateral) count.cut++;
      }
    }
  }
  return counts;
}

/**
 * What each bounce cost: cut streams, lost pairs (by publication) and reconnects (by confirmation),
 * from its start to the next start or the end. Times are relative to load-started, or to the
 * clock's zero without one.
 */
export function measureBounces(
  record: RunRecord,
  { bounces, loadStartedMs }: RunContext,
  lostBySession: ReadonlyMap<string, readonly number[]>,
): RunResult["bounces"] {
  const lostAtMs = [...lostBySession.values()].flat();
  const zeroMs = loadStartedMs ?? 0;
  const reconnectedMs = [...record.sessions.values()].flatMap((session) =>
    session
      .connections()
      .slice(1)
      .map(({ connectedMs }) => connectedMs),
  );
  const cuts = countCuts(record, bounces);
  return bounces.map(({ kind, target, startedMs, endedMs }, index) => {
    const untilMs = bounces[index + 1]?.startedMs ?? Infinity;
    const within = (times: readonly number[]): number =>
      times.reduce((found, atMs) => found + Number(atMs >= startedMs && atMs < untilMs), 0);
    return {
      kind,
      target,
      startedMs: roundMs(startedMs - zeroMs),
      endedMs: endedMs === null ? null : roundMs(endedMs - zeroMs),
      open: cuts[index]?.open ?? 0,
      cut: cuts[index]?.cut ?? 0,
      lost: within(lostAtMs),
      reconnects: within(reconnectedMs),
    };
  });
}
