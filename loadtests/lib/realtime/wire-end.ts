import type { ChannelDown } from "../../../harness/load/portable/realtime/channel.ts";
import { failureReason } from "../session/failure-reason.ts";

/** The `close` event of k6 1.5 and newer, of which @types/k6 does not know. */
export interface CloseEvent {
  /** RFC 6455, 7.4. Without one the connection broke, or there never was one. */
  code?: number;
  reason?: string;
}

/** RFC 6455, 7.1.5: the connection ended without a close frame. */
const ABNORMAL = 1006;
/** How Go's client begins the error that k6 reports before most closes; the event says the same. */
const CLOSE_ERROR = "websocket: close ";

/**
 * How a WebSocket of k6 ended.
 * @param error text of the `error` event; `undefined` when there was none
 */
export const wireEnd = (
  error: string | undefined,
  { code = ABNORMAL, reason = "" }: CloseEvent = {},
): ChannelDown => {
  if (error !== undefined && !error.startsWith(CLOSE_ERROR))
    return { reason: failureReason(error), status: 0, ended: false };
  const ended = code !== ABNORMAL;
  const text = ended && reason !== "" ? ` (${reason})` : "";
  return { reason: `socket closed: ${code}${text}`, status: 0, ended };
};

/** True when the handshake was refused. k6 gives neither the status nor the text of the answer. */
export const isRefusal = (error: string | undefined): boolean =>
  error?.includes("bad handshake") === true;
