import type { SessionSchedule } from "../portable/load-schedule.ts";

/**
 * A part of a plan's sessions: those whose place in the order of arrival, divided by `of`, leaves
 * `number` - 1. The shards 1 to `of` are the whole plan, and no two have a session in common.
 */
export interface Shard {
  /** 1-based. */
  number: number;
  of: number;
}

export const WHOLE: Shard = { number: 1, of: 1 };

/** The sessions of a shard, in order of arrival. */
export const sessionsOf = <T extends Pick<SessionSchedule, "index">>(
  schedule: readonly T[],
  { number, of }: Shard,
): T[] => schedule.filter(({ index }) => index % of === number - 1);

/** The shards into which `parts` threads or machines divide a shard. */
export const divide = ({ number, of }: Shard, parts: number): Shard[] =>
  Array.from({ length: parts }, (_, part) => ({ number: number + of * part, of: of * parts }));
