import type { PipelineObservation } from "../../history/observation.ts";
import { type EpochRecord, startsOf } from "../records/epoch-record.ts";
import type { RunContext } from "../records/run-context.ts";
import type { SessionRecord } from "../records/session-record.ts";
import { LATE_START_MS } from "../thresholds.ts";

/** Why a planned event was not published. */
export type UnpublishedReason =
  /** The ledger that would show it is missing or torn. */
  | "unrecorded"
  /** The pipeline was still running when the drain ended. */
  | "running"
  /** The last answer to the session's start (or creation, or first stream) was a refusal: 4xx. */
  | "refused"
  /**
   * The last such answer was a refusal by a limit of the broker, or such refusals delayed the
   * session too long.
   */
  | "over-quota"
  /**
   * The last such attempt came after a bounce began and got no answer or 5xx, or the pipeline began
   * so late that it was still running.
   */
  | "kept-from-starting"
  /** Never started, for no recorded reason. */
  | "never-started"
  | "aborted"
  /** Its instance stopped or was killed. */
  | "died"
  | "at-gate"
  /** It completed without this event: it ran another plan. */
  | "completed-without";

/** Reasons that prove that an event will never be published; the other two leave it open. */
export type FinalReason = Exclude<UnpublishedReason, "unrecorded" | "running">;

/**
 * The state of one epoch's pipeline at the end of the drain. Later records do not count: teardown
 * also stops instances and aborts pipelines.
 */
export function unpublishedReason(
  session: SessionRecord,
  epoch: EpochRecord | undefined,
  context: RunContext,
): UnpublishedReason {
  const { facts, drainEndedMs } = context;
  const states = (epoch?.pipelines ?? []).filter(({ atMs }) => atMs <= drainEndedMs).sort(byTime);
  const last = states.at(-1);
  if (last === undefined) {
    // Published without a start: a ledger that contradicts itself proves nothing.
    if (epoch !== undefined && epoch.published.seq.length > 0) return "unrecorded";
    return startMayBeUnrecorded(session, facts) ? "unrecorded" : whyNeverStarted(session, context);
  }
  if (states.some(({ instance }) => !facts.ledgerComplete(instance))) return "unrecorded";
  if (last.state === "completed") return "completed-without";
  if (last.state === "aborted") return "aborted";
  if (facts.endedWithin(last.instance, last.atMs, drainEndedMs)) return "died";
  if (isWaitingAtGate(session, drainEndedMs)) return "at-gate";
  if (wasDelayedByLimit(session)) return "over-quota";
  return wasKeptByBounce(session, epoch, context) ? "kept-from-starting" : "running";
}

/**
 * True if a bounce made the session wait before its pipeline began, so that the pipeline outlived
 * the load.
 */
export function wasKeptByBounce(
  { planned }: SessionRecord,
  epoch: EpochRecord | undefined,
  { bounces }: RunContext,
): boolean {
  const bouncedMs = bounces[0]?.startedMs ?? Infinity;
  const startsMs = epoch === undefined ? [] : startsOf(epoch).map(({ atMs }) => atMs);
  const startedMs = Math.min(...startsMs);
  if (planned === null || startsMs.length === 0 || startedMs < bouncedMs) return false;
  return startedMs - planned.arriveMs > LATE_START_MS;
}

/**
 * True if a limit of the broker refused the session's first stream, so that its whole run came
 * later than planned.
 */
export function wasDelayedByLimit({ connected, connectFailed }: SessionRecord): boolean {
  const firstMs = Math.min(...[...connected.values()].map(({ atMs }) => atMs));
  return connectFailed.some(({ quota, atMs }) => quota === true && atMs <= firstMs);
}

const isOk = (status: number): boolean => status >= 200 && status < 300;

/**
 * True if a pipeline may have started without a record, because its instance's ledger is
 * incomplete.
 */
function startMayBeUnrecorded(session: SessionRecord, facts: RunContext["facts"]): boolean {
  return session.requests.some(({ request, status, instance }) => {
    if (request !== "start" || (status !== 0 && !isOk(status))) return false;
    return instance === undefined
      ? facts.incompleteLedgers().length > 0
      : !facts.ledgerComplete(instance);
  });
}

function whyNeverStarted(
  session: SessionRecord,
  context: RunContext,
): "refused" | "over-quota" | "kept-from-starting" | "never-started" {
  const last = lastObstacle(session, context);
  if (last === undefined) return "never-started";
  if (last.quota) return "over-quota";
  if (last.status >= 300 && last.status < 500) return "refused";
  // A bounce excuses only its own effects. A stream that broke before its confirmation has status
  // 200.
  const bouncedMs = context.bounces[0]?.startedMs ?? Infinity;
  return last.atMs >= bouncedMs ? "kept-from-starting" : "never-started";
}

/**
 * The last answer (status 0: none) that kept a session from starting its pipeline: to its `start`
 * or, before its first stream, to its creation or connection attempt. Undefined without one, or if
 * a start was accepted.
 */
export function lastObstacle(
  { requests, connected, connectFailed }: SessionRecord,
  { drainEndedMs }: RunContext,
): { status: number; quota: boolean; atMs: number } | undefined {
  const starts = requests.filter(({ request }) => request === "start");
  if (starts.some(({ status }) => isOk(status))) return undefined;
  const before =
    connected.size > 0
      ? []
      : [...requests.filter(({ request }) => request === "create"), ...connectFailed];
  return [
    ...starts,
    ...before.filter((answer) => answer.type === "connect-failed" || !isOk(answer.status)),
  ]
    .filter(({ atMs }) => atMs <= drainEndedMs)
    .map((answer) => ({
      status: answer.status,
      quota: answer.type === "connect-failed" && answer.quota === true,
      atMs: answer.atMs,
    }))
    .sort((a, b) => a.atMs - b.atMs || a.status - b.status || Number(a.quota) - Number(b.quota))
    .at(-1);
}

function isWaitingAtGate({ gates }: SessionRecord, drainEndedMs: number): boolean {
  const reached = new Set(
    gates
      .filter(({ state, atMs }) => state === "reached" && atMs <= drainEndedMs)
      .map(({ gate }) => gate),
  );
  return gates.some(({ state, gate }) => state === "offered" && !reached.has(gate));
}

const ORDER = { started: 0, resumed: 1, "handed-over": 2, aborted: 3, completed: 4 } as const;
const byTime = (a: PipelineObservation, b: PipelineObservation): number =>
  a.atMs - b.atMs || ORDER[a.state] - ORDER[b.state] || (a.instance < b.instance ? -1 : 1);
