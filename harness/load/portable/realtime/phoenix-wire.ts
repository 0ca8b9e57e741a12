import { webSocketUrlOf } from "../../../../common/portable/realtime/urls.ts";
import type { ChannelDown } from "./channel.ts";
import type { PhoenixMessage, Vsn } from "./phoenix-codec.ts";

/** One WebSocket to Realtime, from the attempt to connect to its end. */
export interface PhoenixWire {
  readonly isOpen: boolean;
  /** Called only while it is open. */
  send(message: PhoenixMessage): void;
  /**
   * Closes it by the closing handshake where it is open, and drops it where it is not. From here on
   * it reports nothing but `onGone`: it is closed, or the other side takes no part in closing it.
   */
  close(reason?: string, onGone?: () => void): void;
}

export interface PhoenixWireEvents {
  onOpen(): void;
  onMessage(message: PhoenixMessage): void;
  /** The attempt failed, or it was closed by the other side. The last report. */
  onEnd(down: ChannelDown): void;
}

/**
 * How a runtime connects. Never throws.
 * @param url as realtime-js takes it: `ws://host:4000/socket`
 */
export type OpenWire = (url: string, apikey: string, events: PhoenixWireEvents) => PhoenixWire;

/**
 * A closing handshake that takes longer than this is not waited for: realtime-js's own limit.
 * Milliseconds.
 */
export const CLOSE_MS = 1_500;

/** Of a refused handshake's body: enough for `{"error": ...}`. */
export const MAX_REFUSAL_CHARS = 1_000;

/** Where to connect. */
export const realtimeEndpoint = (url: string, apikey: string, vsn: Vsn): string => {
  return `${webSocketUrlOf(url)}/websocket?apikey=${encodeURIComponent(apikey)}&vsn=${vsn}`;
};

/**
 * The end of an attempt whose handshake was refused: `error` of the answer's JSON body, or the body
 * as it is.
 */
export const refusedHandshake = (status: number, body: string): ChannelDown => {
  const text = refusalText(body);
  return { reason: `status ${status}${text && `: ${text}`}`, status, ended: false };
};

const refusalText = (body: string): string => {
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    return typeof error === "string" ? error : body;
  } catch {
    return body.trim().slice(0, MAX_REFUSAL_CHARS);
  }
};
