import type { PipelineObservation } from "../history/observation.ts";
import type { EpochRecord } from "./epoch-record.ts";
import type { RunContext } from "./run-context.ts";
import type { SessionRecord } from "./session-record.ts";

/** Why a planned event was not published. */
export type PipelineFate =
  /** The ledger that would tell is missing or torn. */
  | "unrecorded"
  /** Neither ended nor stopped by anything when the drain ended. */
  | "running"
  | "never-started"
  | "aborted"
  /** Its instance was stopped or killed under it. */
  | "died"
  | "at-gate"
  /** It completed, yet without this event: it ran another plan. */
  | "completed-without";

/** Fates that prove that an event will never be published; the other two leave it open. */
export type FinalFate = Exclude<PipelineFate, "unrecorded" | "running">;

/**
 * What became of the pipeline run of one epoch by the end of the drain. Later records do not count: taking the deployment down
 * stops instances and aborts pipelines too.
 */
export function pipelineFate(
  session: SessionRecord,
  epoch: EpochRecord | undefined,
  { facts, drainEndedMs }: RunContext,
): PipelineFate {
  const states = (epoch?.pipelines ?? []).filter(({ atMs }) => atMs <= drainEndedMs).sort(byTime);
  const last = states.at(-1);
  if (last === undefined) {
    // Published without a start: a ledger that contradicts itself proves nothing.
    if (epoch !== undefined && epoch.published.seq.length > 0) return "unrecorded";
    return startMayBeUnrecorded(session, facts) ? "unrecorded" : "never-started";
  }
  if (states.some(({ instance }) => !facts.ledgerComplete(instance))) return "unrecorded";
  if (last.state === "completed") return "completed-without";
  if (last.state === "aborted") return "aborted";
  if (facts.endedWithin(last.instance, last.atMs, drainEndedMs)) return "died";
  return isWaitingAtGate(session, drainEndedMs) ? "at-gate" : "running";
}

const isOk = (status: number): boolean => status >= 200 && status < 300;

/** True when a pipeline may have started with nobody left to tell: its instance's ledger is not whole. */
function startMayBeUnrecorded(session: SessionRecord, facts: RunContext["facts"]): boolean {
  return session.requests.some(({ request, status, instance }) => {
    if (request !== "start" || (status !== 0 && !isOk(status))) return false;
    return instance === undefined ? facts.incompleteLedgers().length > 0 : !facts.ledgerComplete(instance);
  });
}

function isWaitingAtGate({ gates }: SessionRecord, drainEndedMs: number): boolean {
  const reached = new Set(
    gates.filter(({ state, atMs }) => state === "reached" && atMs <= drainEndedMs).map(({ gate }) => gate),
  );
  return gates.some(({ state, gate }) => state === "offered" && !reached.has(gate));
}

const ORDER = { started: 0, aborted: 1, completed: 2 } as const;
const byTime = (a: PipelineObservation, b: PipelineObservation): number =>
  a.atMs - b.atMs || ORDER[a.state] - ORDER[b.state] || (a.instance < b.instance ? -1 : 1);
