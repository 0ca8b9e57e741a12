import { isEpoch } from "../../../../common/portable/event-id.ts";
import { jsonFault, type JsonRules } from "../../../../common/portable/json-fault.ts";
import {
  PIPELINE_EVENT_TYPES,
  WORKFLOW_EVENT_TYPES,
  type PipelineSSEEvent,
} from "../../contract/events.ts";
import { eventJson } from "./sse-frame.ts";

const EVENT_TYPES: ReadonlySet<unknown> = new Set([
  ...PIPELINE_EVENT_TYPES,
  ...WORKFLOW_EVENT_TYPES,
]);

/** A body that the routes accept is nested at most this deep. */
export const MAX_BODY_DEPTH = 100;
/** An event, and a message around it, add a few levels to the body that it comes from. */
const CARRIED: JsonRules = { maxDepth: MAX_BODY_DEPTH + 10, lossless: true };

/**
 * Returns the value if it is an event that reaches the streams as it was sent, else undefined:
 * anyone with access to the broker can publish on a session's channel. It must not be too deep, nor
 * contain what JavaScript changes, such as 9007199254740993.
 * @param text the JSON that the value comes from, if it is known
 */
export function parseEvent(value: unknown, text?: string): PipelineSSEEvent | undefined {
  if (!isEvent(value)) return undefined;
  let json: string;
  try {
    json = eventJson(value);
  } catch {
    // It is so deep that it has no JSON.
    return undefined;
  }
  const source = text ?? json;
  // Most texts come from an instance. To find the event in them unchanged is cheaper than a scan.
  const isPlain = source.includes(json) && (source.match(/[[{]/g)?.length ?? 0) <= CARRIED.maxDepth;
  return isPlain || jsonFault(source, CARRIED) === undefined ? value : undefined;
}

/** By hand, because a schema for every event on every instance would cost throughput. */
function isEvent(value: unknown): value is PipelineSSEEvent {
  if (typeof value !== "object" || value === null) return false;
  const event = value as Partial<Record<keyof PipelineSSEEvent, unknown>>;
  return (
    EVENT_TYPES.has(event.type) &&
    typeof event.sessionId === "string" &&
    isEpoch(event.epoch) &&
    isCount(event.seq) &&
    isCount(event.total) &&
    typeof event.instance === "string" &&
    typeof event.intendedMs === "number" &&
    typeof event.publishedMs === "number" &&
    typeof event.payload === "object" &&
    event.payload !== null
  );
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
