import { httpUrlOf } from "../../../common/portable/realtime/urls.ts";
import http from "k6/http";
import { WebSocket } from "k6/websockets";
import type { ChannelDown } from "../../../harness/load/portable/realtime/channel.ts";
import { Timer } from "../../../harness/load/portable/realtime/timer.ts";
import {
  decodeText,
  encodeMessage,
  type PhoenixMessage,
  type Vsn,
} from "../../../harness/load/portable/realtime/phoenix-codec.ts";
import {
  CLOSE_MS,
  realtimeEndpoint,
  refusedHandshake,
  type OpenWire,
  type PhoenixWire,
  type PhoenixWireEvents,
} from "../../../harness/load/portable/realtime/phoenix-wire.ts";
import { isRefusal, wireEnd, type CloseEvent } from "./wire-end.ts";

/**
 * Of Phoenix's serializer: text alone. With 2.0.0, which realtime-js speaks, some broadcasts come
 * as binary frames, and k6 before 2.2 has no `TextDecoder` to read them with. What arrives is the
 * same; a message is a little longer.
 */
const VSN: Vsn = "1.0.0";
const CONNECTING = 0;
const OPEN = 1;
const NO_ANSWER = { status: 0, body: "" };
/** Answers that say no more than that this was no WebSocket. */
const NO_UPGRADE: ReadonlySet<number> = new Set([400, 426]);

/** Connects from k6. @param timeoutMs for the handshake, and for the question why it was refused */
export const openK6Wire =
  (timeoutMs: number): OpenWire =>
  (url, apikey, events) =>
    new K6Wire(realtimeEndpoint(url, apikey, VSN), timeoutMs, events);

class K6Wire implements PhoenixWire {
  readonly #ws: WebSocket;
  readonly #endpoint: string;
  readonly #timeoutMs: number;
  readonly #events: PhoenixWireEvents;
  /** Set while something of the socket is waited for that may never come. */
  readonly #giveUp = new Timer();
  #error: string | undefined;
  /** True once it tells nothing any more. A socket that opens later is closed at once. */
  #over = false;
  #onGone: () => void = () => {};

  constructor(endpoint: string, timeoutMs: number, events: PhoenixWireEvents) {
    this.#endpoint = endpoint;
    this.#timeoutMs = timeoutMs;
    this.#events = events;
    const ws = new WebSocket(endpoint, null, { tags: { name: "realtime" } });
    this.#ws = ws;
    // The enum of @types/k6 is in its types alone.
    Object.assign(ws, { binaryType: "arraybuffer" });
    this.#giveUp.set(timeoutMs, () => {
      this.#fail(`no answer to the handshake within ${timeoutMs} ms`);
      this.#onClose();
    });
    ws.onopen = () => {
      if (this.#over) {
        ws.close(1000);
        return;
      }
      this.#giveUp.clear();
      events.onOpen();
    };
    ws.onmessage = (event) => {
      if (this.#over || typeof event?.data !== "string") return;
      const message = decodeText(event.data, VSN);
      if (message !== undefined) events.onMessage(message);
    };
    ws.onerror = (event) => {
      this.#fail(event?.error ?? "error");
      // No `close` follows where a pong could not be written.
      this.#giveUp.set(CLOSE_MS, () => this.#onClose());
    };
    ws.onclose = (event?: CloseEvent) => this.#onClose(event);
  }

  get isOpen(): boolean {
    return this.#state === OPEN;
  }

  get #state(): number {
    return this.#ws.readyState;
  }

  send(message: PhoenixMessage): void {
    this.#ws.send(encodeMessage(message, VSN));
  }

  close(reason = "", onGone?: () => void): void {
    this.#over = true;
    this.#giveUp.clear();
    if (onGone !== undefined) {
      this.#onGone = onGone;
      this.#giveUp.set(CLOSE_MS, () => this.#gone());
    }
    // While it connects, k6 before 2.3 never returns from `close`: see `onopen`.
    if (this.#state !== CONNECTING) this.#ws.close(1000, reason);
  }

  /** The first error counts. */
  #fail(error: string): void {
    if (this.#error === undefined) this.#error = error;
  }

  #onClose(event?: CloseEvent): void {
    this.#giveUp.clear();
    const end = wireEnd(this.#error, event);
    if (this.#over) this.#gone();
    else if (isRefusal(this.#error)) void this.#askWhy().then((down) => this.#end(down ?? end));
    else this.#end(end);
  }

  #end(down: ChannelDown): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.onEnd(down);
  }

  #gone(): void {
    this.#giveUp.clear();
    const tell = this.#onGone;
    this.#onGone = () => {};
    tell();
  }

  /**
   * Why the handshake was refused: Phoenix looks at key and limits before it looks for an upgrade,
   * so the same request without one is refused for the same reason.
   */
  async #askWhy(): Promise<ChannelDown | undefined> {
    const url = httpUrlOf(this.#endpoint);
    const params = {
      timeout: this.#timeoutMs,
      redirects: 0,
      responseType: "text",
      tags: { name: "realtime" },
    } as const;
    const { status, body } = await http
      .asyncRequest("GET", url, null, params)
      .catch(() => NO_ANSWER);
    return status >= 400 && !NO_UPGRADE.has(status) ? refusedHandshake(status, body) : undefined;
  }
}
