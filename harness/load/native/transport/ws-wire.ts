import type { IncomingMessage } from "node:http";
import type { LookupFunction } from "node:net";
import WebSocket from "ws";
import {
  encodeMessage,
  type PhoenixMessage,
  type Vsn,
} from "../../portable/realtime/phoenix-codec.ts";
import { decodeFrame } from "./phoenix-frame.ts";
import {
  CLOSE_MS,
  MAX_REFUSAL_CHARS,
  refusedHandshake,
  realtimeEndpoint,
  type OpenWire,
  type PhoenixWire,
  type PhoenixWireEvents,
} from "../../portable/realtime/phoenix-wire.ts";

export interface WsWireOptions {
  /** `2.0.0`, as realtime-js has it. */
  vsn?: Vsn;
  handshakeTimeoutMs?: number;
  maxMessageBytes?: number;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
/** For a refused handshake's body, milliseconds. */
const REFUSAL_MS = 1_000;

/** Connects from Node. */
export const openWsWire =
  ({ vsn = "2.0.0", handshakeTimeoutMs, maxMessageBytes }: WsWireOptions = {}): OpenWire =>
  (url, apikey, events) => {
    const endpoint = realtimeEndpoint(url, apikey, vsn);
    return new WsWire(endpoint, vsn, events, {
      perMessageDeflate: false,
      handshakeTimeout: handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
      maxPayload: maxMessageBytes ?? MAX_MESSAGE_BYTES,
      ...(/^wss?:\/\/([^/:]+\.)?localhost[/:]/.test(endpoint) && { lookup: loopback }),
    });
  };

/**
 * A WebSocket of `ws` for the lab's Phoenix client. The native engine uses that client and not
 * realtime-js, so that both engines follow a channel by the same code; and only `ws` reports the
 * status and the text of a refused handshake, by which a quota is told from an outage.
 */
class WsWire implements PhoenixWire {
  readonly #ws: WebSocket;
  readonly #vsn: Vsn;
  readonly #events: PhoenixWireEvents;
  #error = "";
  #closed = false;

  constructor(
    endpoint: string,
    vsn: Vsn,
    events: PhoenixWireEvents,
    options: WebSocket.ClientOptions,
  ) {
    this.#vsn = vsn;
    this.#events = events;
    const ws = new WebSocket(endpoint, options);
    this.#ws = ws;
    ws.on("open", () => events.onOpen());
    ws.on("message", (data, binary) => {
      const message = decodeFrame(data as Buffer, binary, vsn);
      if (message !== undefined) events.onMessage(message);
    });
    ws.on("error", (error: NodeJS.ErrnoException) => (this.#error = error.code ?? error.message));
    ws.on("close", (code, reason) => this.#onClose(code, reason.toString()));
    ws.on("unexpected-response", (request, response) => {
      void readRefusal(response).then((text) => {
        request.destroy();
        if (this.#closed) return;
        this.#forget();
        events.onEnd(refusedHandshake(response.statusCode ?? 0, text));
      });
    });
  }

  get isOpen(): boolean {
    return this.#ws.readyState === WebSocket.OPEN;
  }

  send(message: PhoenixMessage): void {
    this.#ws.send(encodeMessage(message, this.#vsn));
  }

  close(reason?: string, onGone?: () => void): void {
    const ws = this.#forget();
    if (onGone !== undefined) {
      const giveUp = setTimeout(() => ws.terminate(), CLOSE_MS);
      ws.on("close", () => {
        clearTimeout(giveUp);
        onGone();
      });
    }
    if (this.isOpen) ws.close(1000, reason);
    else ws.terminate();
  }

  #onClose(code: number, text: string): void {
    const ended = this.#error === "" && code !== 1006;
    const reason = this.#error || `socket closed: ${code}${text && ` (${text})`}`;
    this.#forget();
    this.#events.onEnd({ reason, status: 0, ended });
  }

  /** It reports nothing any more. */
  #forget(): WebSocket {
    this.#closed = true;
    this.#ws.removeAllListeners();
    return this.#ws.on("error", () => {});
  }
}

/**
 * RFC 6761, 6.3: `localhost` names are the loopback address for any resolver. The `Host` header
 * stays.
 */
const loopback: LookupFunction = (_hostname, { all }, callback) => {
  if (all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};

/** The body of a refusal, or its beginning. Never rejects. */
const readRefusal = async (response: IncomingMessage): Promise<string> => {
  response.setTimeout(REFUSAL_MS, () => response.destroy());
  let text = "";
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length >= MAX_REFUSAL_CHARS) break;
    }
  } catch {
    // Cut off: the text so far counts.
  }
  return text;
};
