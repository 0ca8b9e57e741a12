/** Whether two runs' shares of sessions' events differ by more than chance, and than what their bounces excuse. */
import type { CrossRun, CrossSession } from "./cross-run.ts";
import { CHANCE_MARGIN, CHANCE_SIGMAS } from "../thresholds.ts";

/** What is measured of a session, 0 to 1. The run's share is the mean over its sessions. */
export const SHARES = {
  lost: (session) => shareOf(session, (outcome) => outcome === "lost"),
  missed: (session) => shareOf(session, (outcome) => outcome !== "delivered" && outcome !== "recovered"),
  "never ended": ({ ended }) => Number(!ended),
  duplicated: ({ duplicated }) => Number(duplicated > 0),
} as const satisfies Record<string, (session: CrossSession) => number>;

export type ShareName = keyof typeof SHARES;
export const SHARE_NAMES = Object.keys(SHARES) as ShareName[];

function shareOf(
  { outcomes }: CrossSession,
  counts: (outcome: CrossSession["outcomes"][number]) => boolean,
): number {
  return outcomes.length === 0 ? 0 : outcomes.filter(counts).length / outcomes.length;
}

interface Measured {
  mean: number;
  /** Square of the standard error of the mean. */
  variance: number;
}

export const meanShare = (run: CrossRun, share: ShareName): number => measure(run, share).mean;

/** The sessions that have some of it. */
export const sessionsWith = ({ sessions }: CrossRun, share: ShareName): string[] =>
  [...sessions].filter(([, session]) => SHARES[share](session) > 0).map(([name]) => name);

function measure({ sessions }: CrossRun, share: ShareName): Measured {
  const values = [...sessions.values()].map(SHARES[share]);
  const count = values.length;
  if (count === 0) return { mean: 0, variance: 0 };
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  // Of one session nothing is known of how sessions differ.
  if (count === 1) return { mean, variance: 1 };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, variance: squares / (count - 1) / count };
}

/**
 * By how much the shares of two runs may differ without either engine being wrong. Three parts:
 *
 * - chance: {@link CHANCE_SIGMAS} standard errors of the difference. Sessions are the sample, since the events of one are lost together, and
 *   how far they differ is taken from the sessions themselves: that holds for shares that are all or nothing and for small ones alike.
 * - {@link CHANCE_MARGIN}, as for a run routed by chance: what is neither chance nor long enough to be seen in the bounces.
 * - what hits all sessions of a run alike, and no sample of sessions shows: in one run the bounce lasted longer. Its length is the nemesis' own
 *   reading and not the engine's; a client that doubles its waiting time is away for at most twice that.
 */
function allowance(one: CrossRun, other: CrossRun, share: ShareName): number {
  const chance = CHANCE_SIGMAS * Math.sqrt(measure(one, share).variance + measure(other, share).variance);
  const plannedMs = Math.max(one.durationS, other.durationS) * 1000;
  const longer = plannedMs > 0 ? (2 * Math.abs(one.bouncedMs - other.bouncedMs)) / plannedMs : 0;
  return Math.min(1, chance + CHANCE_MARGIN + longer);
}

/**
 * True when two engines' repeats differ in a share. As in `compare` their spreads must not overlap; but of two and two equal repeats every
 * third pair of spreads does not, which is too often to accuse an engine. So the gap between the spreads must also be wider than
 * the wider of the two, and than the {@link allowance} of any two runs. Single runs have no spread: of them the allowance decides.
 */
export function areApart(a: readonly CrossRun[], b: readonly CrossRun[], share: ShareName): boolean {
  const [ofA, ofB] = [a, b].map((runs) => {
    const shares = runs.map((run) => meanShare(run, share));
    return { min: Math.min(...shares), max: Math.max(...shares) };
  }) as [Range, Range];
  const gap = Math.max(ofB.min - ofA.max, ofA.min - ofB.max);
  return gap > Math.max(ofA.max - ofA.min, ofB.max - ofB.min, widestAllowance(a, b, share));
}

interface Range {
  min: number;
  max: number;
}

/** The largest {@link allowance} of any run of one side with any of the other. */
export const widestAllowance = (a: readonly CrossRun[], b: readonly CrossRun[], share: ShareName): number =>
  Math.max(...a.flatMap((one) => b.map((other) => allowance(one, other, share))));
