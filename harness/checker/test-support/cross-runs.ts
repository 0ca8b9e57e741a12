import type { CrossRun, CrossSession } from "../compare-engines/cross-run.ts";
import type { Outcome } from "../judge/outcome.ts";

export const sessionOf = (change: Partial<CrossSession> = {}): CrossSession => ({
  outcomes: Array.from({ length: 10 }, (): Outcome => "delivered"),
  beyond: 0,
  duplicated: 0,
  connections: 1,
  ended: true,
  ...change,
});

/** A steady run of ten sessions with ten events each that all arrived, changed as given. */
export const runOf = (
  change: Partial<Omit<CrossRun, "sessions">> = {},
  sessions: Readonly<Record<string, CrossSession>> = {},
): CrossRun => ({
  topology: "example",
  bounce: "none",
  repeat: 1,
  verdict: "valid",
  reasons: [],
  byChance: false,
  durationS: 10,
  bouncedMs: 0,
  clockErrorMs: undefined,
  strays: new Map(),
  forgetful: { count: 0, sessions: [] },
  ...change,
  sessions: new Map([
    ...Array.from({ length: 10 }, (_, index) => [`s${index}`, sessionOf()] as const),
    ...Object.entries(sessions),
  ]),
});

/** The first `missed` of ten events with an outcome of their own. */
export const outcomes = (outcome: Outcome, missed: number): Outcome[] =>
  Array.from({ length: 10 }, (_, index) => (index < missed ? outcome : "delivered"));

/** All ten sessions with as many lost events each. */
export const losing = (lost: readonly number[]): Record<string, CrossSession> =>
  Object.fromEntries(
    lost.map((count, index) => [`s${index}`, sessionOf({ outcomes: outcomes("lost", count) })]),
  );
