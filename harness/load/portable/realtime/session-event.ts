import { isEpoch } from "../../../../common/portable/event-id.ts";
import type { PipelineSSEEvent } from "../../../../server/src/contract/events.ts";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * What was broadcast on a session's channel, or `undefined` when that is no event of this session.
 * Never throws.
 */
export const readBroadcast = (
  message: unknown,
  sessionId: string,
): { event: PipelineSSEEvent; sentMs: number | undefined } | undefined => {
  const payload = isRecord(message) ? message.payload : undefined;
  if (!isRecord(payload)) return undefined;
  const event = readEvent(payload.event, sessionId);
  const { sentMs } = payload;
  return event && { event, sentMs: typeof sentMs === "number" ? sentMs : undefined };
};

/**
 * The same for an entry of the event log. A number beyond the run's own end is refused: nothing
 * could ever follow it.
 */
export const readEvent = (event: unknown, sessionId: string): PipelineSSEEvent | undefined =>
  isRecord(event) &&
  typeof event.type === "string" &&
  event.sessionId === sessionId &&
  isEpoch(event.epoch) &&
  isCount(event.seq) &&
  event.seq > 0 &&
  isCount(event.total) &&
  (event.total === 0 || event.seq <= event.total) &&
  isRecord(event.payload)
    ? (event as unknown as PipelineSSEEvent)
    : undefined;
