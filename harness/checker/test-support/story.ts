/**
 * Observations of one session `s0` whose pipeline runs on instance `a`, for tests at the edges of a
 * rule.
 */
import type {
  ConnectedObservation,
  DisconnectedObservation,
  Observation,
  PublishedObservation,
} from "../../history/observation.ts";
import { judgeRun } from "../judge-run.ts";
import type { RunResult } from "../run-result.ts";

export const DRAIN_ENDED_MS = 9000;
export const session = "s0";
export const event = { session, epoch: "e1" } as const;

export const planned = (events: number): Observation => ({
  type: "planned",
  session,
  events,
  arriveMs: 0,
});
export const connected = (
  atMs: number,
  change: Partial<ConnectedObservation> = {},
): Observation => ({
  type: "connected",
  session,
  connection: 1,
  instance: "b",
  resume: "none",
  subscribedMs: atMs,
  atMs,
  ...change,
});
/** To the broker itself, and to no instance. */
export const connectedDirectly = (atMs: number, connection = 1, resume = "none"): Observation => ({
  type: "connected",
  session,
  connection,
  resume,
  subscribedMs: atMs,
  atMs,
});
export const disconnected = (
  atMs: number,
  reason: DisconnectedObservation["reason"],
  connection = 1,
): Observation => ({ type: "disconnected", session, connection, reason, atMs });
export const published = (
  seq: number,
  atMs: number,
  change: Partial<PublishedObservation> = {},
): Observation => ({
  type: "published",
  ...event,
  seq,
  instance: "a",
  intendedMs: atMs,
  atMs,
  route: "broker",
  ...change,
});
export const received = (seq: number, atMs: number, connection = 1, epoch = "e1"): Observation => ({
  type: "received",
  session,
  connection,
  epoch,
  seq,
  atMs,
});
export const pipeline = (
  state: "started" | "completed" | "aborted",
  atMs: number,
  epoch = "e1",
): Observation => ({
  type: "pipeline",
  session,
  epoch,
  instance: "a",
  state,
  total: 9,
  atMs,
});
export const started = pipeline("started", 1000);
export const bothLedgers: Observation[] = ["a", "b"].map((instance) => ({
  type: "ledger",
  instance,
  state: "read",
  records: 1,
}));
export const bothBrokers: Observation[] = ["a", "b"].map((instance) => ({
  type: "broker",
  instance,
  state: "up",
  atMs: 1,
}));

export function judge(observations: Observation[], ledgers = bothLedgers): RunResult {
  return judgeRun([
    { type: "phase", phase: "load-started", atMs: 1000 },
    { type: "phase", phase: "drain-started", atMs: 5000 },
    { type: "phase", phase: "drain-ended", atMs: DRAIN_ENDED_MS },
    ...bothBrokers,
    ...ledgers,
    ...observations,
  ]);
}
export const causesOf = ({ lostByCause }: RunResult): Record<string, number> =>
  Object.fromEntries(Object.entries(lostByCause).filter(([, lost]) => lost > 0));
