import type { IncomingMessage } from "node:http";
import type { LookupFunction } from "node:net";
import WebSocket, { type RawData } from "ws";
import type { ChannelDown } from "./channel.ts";
import { decodeMessage, encodeMessage, type PhoenixMessage, type Vsn } from "./phoenix-codec.ts";
import { retryDelayMs } from "./retry-delay.ts";

export interface PhoenixSocketOptions {
  /** `2.0.0`, as realtime-js has it. */
  vsn?: Vsn;
  /** Distance of heartbeats, and how long one may stay unanswered, milliseconds. */
  heartbeatMs?: number;
  handshakeTimeoutMs?: number;
  maxMessageBytes?: number;
  /** Called with each attempt to connect, and runs it when there is time for it. Default: at once. */
  whenFree?: (connect: () => void) => void;
}

export interface PhoenixSocketEvents {
  onOpen(): void;
  onMessage(message: PhoenixMessage): void;
  /** An attempt failed, or the socket is gone. The next attempt follows by itself. */
  onDown(down: ChannelDown): void;
}

const DEFAULTS = { vsn: "2.0.0" as Vsn, heartbeatMs: 25_000, handshakeTimeoutMs: 10_000 };
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
/** A closing handshake that takes longer than this is not waited for: realtime-js's own limit. */
const CLOSE_MS = 1_500;
const SILENCE = "heartbeat timeout";
/** Of a refused handshake's body: enough for `{"error": ...}`. */
const REFUSAL = { bytes: 1_000, waitMs: 1_000 };

/**
 * One WebSocket to Realtime and its successors, as realtime-js keeps it (supabase/phoenix, assets/js/phoenix/socket.js): a heartbeat
 * every 25 s that has to be answered within the next 25 s, and reconnects after 1, 2, 5, 10 s, from the first again
 * once one was open. Where a browser hides why a handshake was refused, the answer's status and text are told.
 */
export class PhoenixSocket {
  readonly #endpoint: URL;
  readonly #events: PhoenixSocketEvents;
  readonly #options: Required<Omit<PhoenixSocketOptions, "maxMessageBytes" | "whenFree">>;
  readonly #whenFree: (connect: () => void) => void;
  readonly #wsOptions: WebSocket.ClientOptions;
  #ws: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reconnect: NodeJS.Timeout | undefined;
  #tries = 0;
  #ref = 0;
  #heartbeatRef: string | undefined;
  #error = "";
  #over = false;

  /** @param url as realtime-js takes it: `ws://host:4000/socket` */
  constructor(url: string, apikey: string, events: PhoenixSocketEvents, options: PhoenixSocketOptions = {}) {
    const { maxMessageBytes, whenFree, ...others } = options;
    this.#options = { ...DEFAULTS, ...others };
    this.#whenFree = whenFree ?? ((connect) => connect());
    this.#events = events;
    const { vsn, handshakeTimeoutMs } = this.#options;
    this.#endpoint = new URL(`${url.replace(/^http/, "ws").replace(/\/$/, "")}/websocket`);
    this.setApikey(apikey);
    this.#endpoint.searchParams.set("vsn", vsn);
    this.#wsOptions = {
      perMessageDeflate: false,
      handshakeTimeout: handshakeTimeoutMs,
      maxPayload: maxMessageBytes ?? MAX_MESSAGE_BYTES,
      ...(/(^|\.)localhost$/.test(this.#endpoint.hostname) && { lookup: loopback }),
    };
    this.#connectWhenFree();
  }

  get isOpen(): boolean {
    return this.#ws?.readyState === WebSocket.OPEN;
  }

  makeRef(): string {
    return String(++this.#ref);
  }

  /** Of the next handshake. */
  setApikey(apikey: string): void {
    this.#endpoint.searchParams.set("apikey", apikey);
  }

  /** Sends, or drops the message when the socket is not open. */
  send(message: PhoenixMessage): void {
    if (this.isOpen) this.#ws?.send(encodeMessage(message, this.#options.vsn));
  }

  /** Closes for good. */
  close(): void {
    this.#over = true;
    clearTimeout(this.#reconnect);
    const ws = this.#forget();
    if (ws?.readyState === WebSocket.OPEN) ws.close(1000);
    else ws?.terminate();
  }

  #connectWhenFree(): void {
    this.#whenFree(() => {
      if (!this.#over) this.#connect();
    });
  }

  #connect(): void {
    this.#error = "";
    const ws = new WebSocket(this.#endpoint, this.#wsOptions);
    this.#ws = ws;
    ws.on("open", () => this.#onOpen());
    ws.on("message", (data, binary) => this.#onMessage(data, binary));
    ws.on("error", (error: NodeJS.ErrnoException) => (this.#error = error.code ?? error.message));
    ws.on("close", (code, reason) => this.#onClose(code, reason.toString()));
    ws.on("unexpected-response", (request, response) => {
      void readRefusal(response).then((text) => {
        request.destroy();
        if (this.#ws !== ws) return;
        const status = response.statusCode ?? 0;
        this.#down({ reason: `status ${status}${text && `: ${text}`}`, status, ended: false });
      });
    });
  }

  #onOpen(): void {
    this.#tries = 0;
    this.#timer = setTimeout(() => this.#heartbeat(), this.#options.heartbeatMs);
    this.#events.onOpen();
  }

  #onMessage(data: RawData, binary: boolean): void {
    const message = decodeMessage(data as Buffer, binary, this.#options.vsn);
    if (message === undefined) return;
    if (message.ref === null || message.ref !== this.#heartbeatRef) {
      this.#events.onMessage(message);
      return;
    }
    this.#heartbeatRef = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#heartbeat(), this.#options.heartbeatMs);
  }

  #heartbeat(): void {
    const ref = this.makeRef();
    this.#heartbeatRef = ref;
    this.send({ joinRef: null, ref, topic: "phoenix", event: "heartbeat", payload: {} });
    this.#timer = setTimeout(() => this.#onSilence(), this.#options.heartbeatMs);
  }

  /** Told at once; the next attempt waits until this socket is closed, as far as the other side still takes part in that. */
  #onSilence(): void {
    const ws = this.#forget();
    ws?.close(1000, SILENCE);
    const giveUp = setTimeout(() => ws?.terminate(), CLOSE_MS);
    ws?.on("close", () => {
      clearTimeout(giveUp);
      this.#reconnectLater();
    });
    this.#events.onDown({ reason: SILENCE, status: 0, ended: false });
  }

  #onClose(code: number, text: string): void {
    const ended = this.#error === "" && code !== 1006;
    const reason = this.#error || `socket closed: ${code}${text && ` (${text})`}`;
    this.#down({ reason, status: 0, ended });
  }

  #down(down: ChannelDown): void {
    this.#forget();
    this.#reconnectLater();
    this.#events.onDown(down);
  }

  #reconnectLater(): void {
    if (this.#over) return;
    this.#reconnect = setTimeout(() => this.#connectWhenFree(), retryDelayMs(this.#tries++));
  }

  /** Lets go of the socket; it tells nothing any more. */
  #forget(): WebSocket | undefined {
    const ws = this.#ws;
    this.#ws = undefined;
    clearTimeout(this.#timer);
    this.#heartbeatRef = undefined;
    ws?.removeAllListeners();
    ws?.on("error", () => {});
    return ws;
  }
}

/** RFC 6761, 6.3: `localhost` names are the loopback address, whatever the resolver says. The `Host` header stays. */
const loopback: LookupFunction = (_hostname, { all }, callback) => {
  if (all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};

/** `error` of a refusal's JSON body, or its beginning as it is. */
const readRefusal = async (response: IncomingMessage): Promise<string> => {
  response.setTimeout(REFUSAL.waitMs, () => response.destroy());
  let text = "";
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length >= REFUSAL.bytes) break;
    }
  } catch {
    // Cut off: what came of it is told.
  }
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === "string" ? error : text;
  } catch {
    return text.trim().slice(0, REFUSAL.bytes);
  }
};
