import { isEpoch } from "../../../../common/portable/event-id.ts";
import {
  PIPELINE_EVENT_TYPES,
  WORKFLOW_EVENT_TYPES,
  type PipelineSSEEvent,
} from "../../contract/events.ts";

const EVENT_TYPES: ReadonlySet<unknown> = new Set([
  ...PIPELINE_EVENT_TYPES,
  ...WORKFLOW_EVENT_TYPES,
]);

/**
 * Returns the value if it is an event, else undefined: anyone with access to the broker can publish
 * on a session's channel. It checks only the fields that become lines of a stream, because a full
 * schema for every event on every instance would cost throughput.
 */
export function parseEvent(value: unknown): PipelineSSEEvent | undefined {
  const event = value as Partial<Record<keyof PipelineSSEEvent, unknown>> | null | undefined;
  const isEvent =
    EVENT_TYPES.has(event?.type) && isEpoch(event?.epoch) && Number.isInteger(event.seq);
  return isEvent ? (event as PipelineSSEEvent) : undefined;
}
