import type { ChannelDown } from "../../../harness/load/portable/realtime/channel.ts";

/**
 * Of Go's client for WebSockets, which says why a connection was closed in its error: `websocket:
 * close 1012 (service restart): text`.
 */
const CLOSED = /^websocket: close (\d+) \([^)]*\)(?:: (.*))?$/;
const ABNORMAL = 1006;

/**
 * How a WebSocket of k6 ended. Its `close` event carries no code: a normal end (1000, 1001) has no
 * error before it, any other end has an error whose text names the code.
 * @param error text of the `error` event; `undefined` when there was none
 */
export const wireEnd = (error: string | undefined): ChannelDown => {
  if (error === undefined) return { reason: "socket closed", status: 0, ended: true };
  const [, code, text] = CLOSED.exec(error) ?? [];
  if (code === undefined) return { reason: error, status: 0, ended: false };
  const ended = Number(code) !== ABNORMAL;
  return { reason: `socket closed: ${code}${ended && text ? ` (${text})` : ""}`, status: 0, ended };
};

/** True when the handshake was refused. k6 gives neither the status nor the text of the answer. */
export const isRefusal = (error: string | undefined): boolean =>
  error?.includes("bad handshake") === true;
