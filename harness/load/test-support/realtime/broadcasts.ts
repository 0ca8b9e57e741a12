import type { PipelineSSEEvent, RealtimePayload } from "../../../../server/src/contract/events.ts";

/** The `seq`-th event of a run of `total`, the last of which is terminal. */
export const runEvent = (
  seq: number,
  total: number,
  { sessionId = "s", epoch = "e1" } = {},
): PipelineSSEEvent => ({
  type: seq === total ? "pipeline_complete" : "section_draft",
  sessionId,
  epoch,
  seq,
  total,
  instance: "i1",
  intendedMs: seq,
  publishedMs: seq,
  payload: {},
});

/** A broadcast as clients get it. */
export const broadcast = (
  event: PipelineSSEEvent,
  sentMs = 1,
): { type: string; event: string; payload: RealtimePayload } => ({
  type: "broadcast",
  event: event.type,
  payload: { sentMs, event },
});
