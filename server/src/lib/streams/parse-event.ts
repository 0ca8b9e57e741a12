import { PIPELINE_EVENT_TYPES, WORKFLOW_EVENT_TYPES, type PipelineSSEEvent } from "../../contract/events.ts";

const EVENT_TYPES: ReadonlySet<unknown> = new Set([...PIPELINE_EVENT_TYPES, ...WORKFLOW_EVENT_TYPES]);
const EPOCH = /^[a-z0-9]+$/;

/**
 * The value as an event when it is one. Anybody with access to the broker can publish on a session's channel. Looked at is what this
 * process itself relies on: the fields that become lines of a stream; a whole schema for every event of every instance would be paid
 * in throughput.
 */
export function parseEvent(value: unknown): PipelineSSEEvent | undefined {
  const event = value as Partial<Record<keyof PipelineSSEEvent, unknown>> | null | undefined;
  const isEvent =
    EVENT_TYPES.has(event?.type) &&
    typeof event?.epoch === "string" &&
    EPOCH.test(event.epoch) &&
    Number.isInteger(event.seq);
  return isEvent ? (event as PipelineSSEEvent) : undefined;
}
