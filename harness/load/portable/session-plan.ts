/** What both engines send and record for a session alike. Without anything of Node: the k6 scripts import it. */
import type { PipelinePlan } from "../../../server/src/contract/events.ts";
import type { RequestObservation } from "../../history/observation.ts";
import type { LoadPlan } from "./load-plan.ts";
import type { SessionSchedule } from "./load-schedule.ts";

/** Body of the request that starts a session's pipeline. */
export const pipelinePlan = (
  { eventsPerSecond, gates, payloadBytes }: LoadPlan,
  { events, pipelineSeed: seed }: SessionSchedule,
): PipelinePlan => ({ events, eventsPerSecond, gates, payloadBytes, seed });

/** Of an answer. `sessionId`: only on a `create` that succeeded. */
export const requestObservation = (
  session: string,
  request: RequestObservation["request"],
  { status, instance }: Pick<RequestObservation, "status"> & { instance?: string | undefined },
  sessionId: string | undefined,
  atMs: number,
): RequestObservation => ({
  type: "request",
  session,
  request,
  status,
  ...(instance === undefined ? {} : { instance }),
  ...(sessionId === undefined ? {} : { sessionId }),
  atMs,
});
