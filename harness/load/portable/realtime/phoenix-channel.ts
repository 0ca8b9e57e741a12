import type { RealtimeAccess } from "../../../../server/src/contract/events.ts";
import { Timer } from "./timer.ts";
import type { Channel, ChannelDown, ChannelEvents, OpenChannel } from "./channel.ts";
import type { PhoenixMessage } from "./phoenix-codec.ts";
import {
  PhoenixSocket,
  type PhoenixSocketEvents,
  type PhoenixSocketOptions,
} from "./phoenix-socket.ts";
import type { OpenWire } from "./phoenix-wire.ts";
import { retryDelayMs } from "./retry-delay.ts";

export interface PhoenixChannelOptions extends PhoenixSocketOptions {
  /**
   * A join without an answer for this long is given up, milliseconds. Default: realtime-js's 10 s.
   */
  joinMs?: number;
}
const JOIN_MS = 10_000;

/** What realtime-js asks for on a private channel that only listens to broadcasts. */
const CONFIG = {
  broadcast: { ack: false, self: false },
  presence: { key: "", enabled: false },
  postgres_changes: [],
  private: true,
};

/** Opens channels with the lab's own client, on a runtime's WebSocket. */
export const openPhoenixChannel =
  (openWire: OpenWire, options: PhoenixChannelOptions = {}): OpenChannel =>
  (access, events) =>
    new PhoenixChannel(access, events, openWire, options);

/**
 * One private channel with its own socket, as realtime-js keeps it (supabase/phoenix,
 * assets/js/phoenix/channel.js). A refused or unanswered join and a `phx_error` are followed by
 * another join after 1, 2, 5, 10 s on the same socket, a lost socket by one as soon as there is
 * another; a `phx_close` by none.
 */
class PhoenixChannel implements Channel, PhoenixSocketEvents {
  readonly #topic: string;
  readonly #events: ChannelEvents;
  readonly #socket: PhoenixSocket;
  readonly #joinMs: number;
  readonly #tokenIsApikey: boolean;
  #token: string;
  #state: "joining" | "joined" | "errored" | "closed" = "errored";
  #joinRef = "";
  #tries = 0;
  /** Of the join under way, or of the next one. */
  readonly #timer = new Timer();

  constructor(
    access: RealtimeAccess,
    events: ChannelEvents,
    openWire: OpenWire,
    options: PhoenixChannelOptions,
  ) {
    const { joinMs = JOIN_MS, ...socketOptions } = options;
    this.#joinMs = joinMs;
    this.#topic = `realtime:${access.topic}`;
    this.#tokenIsApikey = access.apikey === access.token;
    this.#token = access.token;
    this.#events = events;
    this.#socket = new PhoenixSocket(access.url, access.apikey, openWire, this, socketOptions);
  }

  setToken(token: string): void {
    this.#token = token;
    if (this.#tokenIsApikey) this.#socket.setApikey(token);
    if (this.#state === "joined") this.#push("access_token", { access_token: token });
  }

  reopen(): void {
    if (this.#state !== "closed") return;
    this.#state = "errored";
    if (this.#socket.isOpen) this.#join();
  }

  close(): void {
    this.#timer.clear();
    if (this.#state === "joined") this.#push("phx_leave", {});
    this.#state = "closed";
    this.#socket.close();
  }

  onOpen(): void {
    this.#tries = 0;
    if (this.#state !== "closed") this.#join();
  }

  onDown(down: ChannelDown): void {
    this.#timer.clear();
    if (this.#state === "closed") return;
    this.#state = "errored";
    this.#events.onDown(down);
  }

  onMessage({ joinRef, ref, topic, event, payload }: PhoenixMessage): void {
    // A message without join_ref is for all that are joined; another join_ref belongs to an earlier
    // join.
    if (topic !== this.#topic || (joinRef !== null && joinRef !== this.#joinRef)) return;
    if (event === "broadcast") this.#events.onBroadcast(payload);
    else if (event === "phx_reply") {
      if (ref === this.#joinRef && this.#state === "joining") this.#onJoinReply(payload);
    } else if (event === "system") this.#events.onSystem(payload);
    else if (ref === null || ref === this.#joinRef) {
      if (event === "phx_error") this.#failed("phx_error");
      if (event === "phx_close") this.#onClosed();
    }
  }

  #join(): void {
    this.#state = "joining";
    this.#joinRef = this.#socket.makeRef();
    this.#timer.set(this.#joinMs, () => this.#onJoinTimeout());
    const payload = { config: CONFIG, access_token: this.#token };
    this.#socket.send({
      joinRef: this.#joinRef,
      ref: this.#joinRef,
      topic: this.#topic,
      event: "phx_join",
      payload,
    });
  }

  #onJoinReply(payload: unknown): void {
    const { status, response } = (payload ?? {}) as { status?: unknown; response?: unknown };
    if (status === "ok") {
      this.#timer.clear();
      this.#state = "joined";
      this.#tries = 0;
      this.#events.onSubscribed();
    } else this.#failed(Object.values(response ?? {}).join(", ") || "the join was refused");
  }

  #onJoinTimeout(): void {
    this.#push("phx_leave", {});
    this.#joinRef = "";
    this.#failed(`no answer to the join within ${this.#joinMs} ms`);
  }

  #failed(reason: string): void {
    this.#state = "errored";
    this.#timer.set(retryDelayMs(this.#tries++), () => {
      if (this.#socket.isOpen) this.#join();
    });
    this.#events.onDown({ reason, status: 0, ended: false });
  }

  #onClosed(): void {
    this.#timer.clear();
    this.#state = "closed";
    this.#events.onClosed();
  }

  #push(event: string, payload: object): void {
    const ref = this.#socket.makeRef();
    this.#socket.send({ joinRef: this.#joinRef, ref, topic: this.#topic, event, payload });
  }
}
