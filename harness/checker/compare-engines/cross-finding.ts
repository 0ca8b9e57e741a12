import type { CrossRun, SessionCount } from "./cross-run.ts";
import type { Outcome } from "../judge/outcome.ts";
import { CLOCK_TOLERANCE_MS } from "../thresholds.ts";

export type Side = "A" | "B";

export const CROSS_KINDS = [
  "due",
  "beyond-plan",
  "outcome",
  "share",
  "never-ended",
  "duplicated",
  "connections",
  "no-last-event-id",
  "stray",
  "clock",
] as const;
export type CrossKind = (typeof CROSS_KINDS)[number];

/** A difference between two engines' results, or a defect of an engine. */
export interface CrossFinding {
  topology: string;
  bounce: CrossRun["bounce"];
  kind: CrossKind;
  /**
   * The side that has it, or more of it. Null for outcomes, which just differ, and for defects of
   * both sides.
   */
  side: Side | null;
  /** Distinguishes findings of one kind: the share's or event's name, or the clock's defect. */
  detail: string | null;
  /** Only for `outcome`. */
  outcomes: { a: Outcome; b: Outcome } | null;
  /**
   * Counts pairs (`due`, `beyond-plan`, `outcome`), events, streams (`no-last-event-id`), sessions
   * (`never-ended`, `connections`) or runs.
   */
  count: number;
  /** The number of sessions, over all runs. 0 if it concerns a run as a whole. */
  inSessions: number;
  /** At most {@link NAMED_SESSIONS} of them, by name. */
  sessions: string[];
}

export const NAMED_SESSIONS = 3;

type What = Pick<CrossFinding, "kind" | "side"> &
  Partial<Pick<CrossFinding, "detail" | "outcomes">>;

/** Adds up the findings in the repeats of one topology under one bounce. */
export class CrossFindings {
  readonly #group: Pick<CrossFinding, "topology" | "bounce">;
  readonly #found = new Map<string, { what: What; count: number; sessions: Set<string> }>();

  constructor(group: Pick<CrossFinding, "topology" | "bounce">) {
    this.#group = group;
  }

  /** Ignores a count of 0. */
  add(what: What, { count, sessions }: SessionCount): void {
    if (count === 0) return;
    const key = JSON.stringify([
      what.kind,
      what.side,
      what.detail,
      what.outcomes?.a,
      what.outcomes?.b,
    ]);
    const found = this.#found.get(key) ?? { what, count: 0, sessions: new Set() };
    found.count += count;
    for (const session of sessions) found.sessions.add(session);
    this.#found.set(key, found);
  }

  all(): CrossFinding[] {
    return [...this.#found.values()]
      .map(({ what, count, sessions }) => ({
        ...this.#group,
        detail: null,
        outcomes: null,
        ...what,
        count,
        inSessions: sessions.size,
        sessions: [...sessions].sort(byNumber).slice(0, NAMED_SESSIONS),
      }))
      .sort(
        (one, other) =>
          CROSS_KINDS.indexOf(one.kind) - CROSS_KINDS.indexOf(other.kind) ||
          other.count - one.count,
      );
  }
}

/** `s2` before `s10`. */
const byNumber = (one: string, other: string): number =>
  one.length - other.length || (one < other ? -1 : Number(one > other));

/** A defect of an engine that its own history proves. */
export interface Defect {
  what: Pick<CrossFinding, "kind" | "detail">;
  found: SessionCount;
}

/** Each defect of each run; its count is 0 if absent. */
export function defectsOf(runs: readonly CrossRun[]): Defect[] {
  return runs.flatMap(({ forgetful, strays, clockErrorMs }) => {
    const trouble = clockTrouble(clockErrorMs);
    return [
      { what: { kind: "no-last-event-id", detail: null }, found: forgetful },
      ...[...strays].map(([detail, found]): Defect => ({ what: { kind: "stray", detail }, found })),
      {
        what: { kind: "clock", detail: trouble },
        found: { count: Number(trouble !== null), sessions: [] },
      },
    ] satisfies Defect[];
  });
}

function clockTrouble(errorMs: CrossRun["clockErrorMs"]): "contradictory" | "too far" | null {
  if (errorMs === null) return "contradictory";
  return errorMs !== undefined && errorMs > CLOCK_TOLERANCE_MS ? "too far" : null;
}
