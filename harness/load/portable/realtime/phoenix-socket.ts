import { Timer } from "./timer.ts";
import type { ChannelDown } from "./channel.ts";
import type { PhoenixMessage } from "./phoenix-codec.ts";
import type { OpenWire, PhoenixWire, PhoenixWireEvents } from "./phoenix-wire.ts";
import { retryDelayMs } from "./retry-delay.ts";

export interface PhoenixSocketOptions {
  /**
   * Distance of heartbeats, and how long one may stay unanswered, milliseconds. Default:
   * realtime-js's 25 s.
   */
  heartbeatMs?: number;
  /**
   * Called with each attempt to connect, and runs it when there is time for it. Default: at once.
   */
  whenFree?: (connect: () => void) => void;
}

export interface PhoenixSocketEvents {
  onOpen(): void;
  onMessage(message: PhoenixMessage): void;
  /** An attempt failed, or the socket is gone. The next attempt follows by itself. */
  onDown(down: ChannelDown): void;
}

const HEARTBEAT_MS = 25_000;
const SILENCE = "heartbeat timeout";

/**
 * One WebSocket to Realtime and its successors, as realtime-js keeps it (supabase/phoenix,
 * assets/js/phoenix/socket.js): a heartbeat every 25 s that has to be answered within the next 25
 * s, and reconnects after 1, 2, 5, 10 s, from the first again once one was open.
 */
export class PhoenixSocket implements PhoenixWireEvents {
  readonly #url: string;
  readonly #openWire: OpenWire;
  readonly #events: PhoenixSocketEvents;
  readonly #heartbeatMs: number;
  readonly #whenFree: (connect: () => void) => void;
  /** Of the next heartbeat, or of the answer to the last one. */
  readonly #heart = new Timer();
  readonly #reconnect = new Timer();
  #apikey: string;
  #wire: PhoenixWire | undefined;
  #tries = 0;
  #ref = 0;
  #heartbeatRef: string | undefined;
  #over = false;

  /** @param url as realtime-js takes it: `ws://host:4000/socket` */
  constructor(
    url: string,
    apikey: string,
    openWire: OpenWire,
    events: PhoenixSocketEvents,
    { heartbeatMs = HEARTBEAT_MS, whenFree = (connect) => connect() }: PhoenixSocketOptions = {},
  ) {
    this.#url = url;
    this.#apikey = apikey;
    this.#openWire = openWire;
    this.#events = events;
    this.#heartbeatMs = heartbeatMs;
    this.#whenFree = whenFree;
    this.#connectWhenFree();
  }

  get isOpen(): boolean {
    return this.#wire?.isOpen === true;
  }

  makeRef(): string {
    return String(++this.#ref);
  }

  /** Of the next handshake. */
  setApikey(apikey: string): void {
    this.#apikey = apikey;
  }

  /** Sends, or drops the message when the socket is not open. */
  send(message: PhoenixMessage): void {
    if (this.isOpen) this.#wire?.send(message);
  }

  /** Closes for good. */
  close(): void {
    this.#over = true;
    this.#reconnect.clear();
    this.#forget()?.close();
  }

  onOpen(): void {
    this.#tries = 0;
    this.#heart.set(this.#heartbeatMs, this.#beat);
    this.#events.onOpen();
  }

  onMessage(message: PhoenixMessage): void {
    if (message.ref === null || message.ref !== this.#heartbeatRef) {
      this.#events.onMessage(message);
      return;
    }
    this.#heartbeatRef = undefined;
    this.#heart.set(this.#heartbeatMs, this.#beat);
  }

  onEnd(down: ChannelDown): void {
    this.#forget();
    this.#reconnectLater();
    this.#events.onDown(down);
  }

  #connectWhenFree(): void {
    this.#whenFree(() => {
      if (!this.#over) this.#wire = this.#openWire(this.#url, this.#apikey, this);
    });
  }

  readonly #beat = (): void => {
    const ref = this.makeRef();
    this.#heartbeatRef = ref;
    this.send({ joinRef: null, ref, topic: "phoenix", event: "heartbeat", payload: {} });
    this.#heart.set(this.#heartbeatMs, this.#onSilence);
  };

  /**
   * Reported at once; the next attempt waits until this socket is closed, as far as the other side
   * still takes part in that.
   */
  readonly #onSilence = (): void => {
    this.#forget()?.close(SILENCE, () => this.#reconnectLater());
    this.#events.onDown({ reason: SILENCE, status: 0, ended: false });
  };

  #reconnectLater(): void {
    if (!this.#over)
      this.#reconnect.set(retryDelayMs(this.#tries++), () => this.#connectWhenFree());
  }

  #forget(): PhoenixWire | undefined {
    const wire = this.#wire;
    this.#wire = undefined;
    this.#heart.clear();
    this.#heartbeatRef = undefined;
    return wire;
  }
}
