import {
  REALTIME_SUBSCRIBE_STATES,
  RealtimeClient,
  type RealtimeChannel,
  type WebSocketLikeConstructor,
} from "@supabase/realtime-js";
import { withTimeout } from "../../../../common/with-timeout.ts";
import { checkedWebSocket } from "./checked-web-socket.ts";
import { SUBSCRIBE_TIMEOUT_MS } from "../redis/redis-pubsub.ts";
import { webSocketUrlOf } from "../../../../common/portable/realtime/urls.ts";

/** The longest wait for the answer to a join or to a message. */
const ANSWER_TIMEOUT_MS = 10_000;
const RECONNECT_CAP_MS = 2000;
/** realtime-js does not join a channel again after the server closed it. */
const REOPEN_MS = 1000;

/** Callbacks of a topic's subscriber. */
export interface TopicListener {
  onMessage?: (event: string, payload: unknown) => void;
  onJoined?: () => void;
  /**
   * The topic is not joined; another attempt follows. `connected` is true if the socket is open and
   * the server refused this topic.
   */
  onAway?: (reason: string, connected: boolean) => void;
}

/** One of several references to a topic. */
export interface TopicSubscription {
  readonly joined: boolean;
  /** Resolves once the topic is joined or refused, in bounded time. Never rejects. */
  ready(): Promise<void>;
  /**
   * Resolves to "ok", "error", or "timed out" if the topic is not joined or the server does not
   * confirm in time. Never rejects.
   */
  send(event: string, payload: object): Promise<string>;
  /** Leaves the topic if this was its last subscription. */
  unsubscribe(): void;
}

export interface RealtimeTopicsOptions {
  /** REALTIME_URL. */
  url: string;
  key: string;
  /** Called for each dropped frame that is no message of Realtime. */
  onMalformed: () => void;
}

/**
 * Private Broadcast topics over the instance's one WebSocket to Realtime, with the service key. The
 * first topic opens the socket. Subscribers of one topic share its channel, because a second join
 * closes the first one.
 */
export class RealtimeTopics {
  readonly #client: RealtimeClient;
  readonly #topics = new Map<string, Topic>();

  constructor({ url, key, onMalformed }: RealtimeTopicsOptions) {
    this.#client = new RealtimeClient(webSocketUrlOf(url), {
      params: { apikey: key },
      // ws has everything that realtime-js uses; only its types differ.
      transport: checkedWebSocket(onMalformed) as unknown as WebSocketLikeConstructor,
      timeout: ANSWER_TIMEOUT_MS,
      // As in realtime-js, but with jitter and a shorter cap.
      reconnectAfterMs: (attempt: number) =>
        Math.min(RECONNECT_CAP_MS, 100 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random()),
    });
  }

  subscribe(name: string, listener: TopicListener): TopicSubscription {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = new Topic(this.#client, name, () => this.#topics.delete(name));
      this.#topics.set(name, topic);
    }
    return topic.subscribe(listener);
  }

  async close(timeoutMs = 500): Promise<void> {
    for (const topic of this.#topics.values()) topic.close();
    this.#topics.clear();
    // realtime-js polls until the connection has closed.
    await withTimeout(timeoutMs, this.#client.disconnect());
  }
}

class Topic {
  readonly #client: RealtimeClient;
  readonly #name: string;
  readonly #onEmpty: () => void;
  readonly #listeners = new Set<TopicListener>();
  #channel: RealtimeChannel | undefined;
  #joined = false;
  /** The server's reason for closing the channel, if it sent one. */
  #notice: string | undefined;
  #firstOutcome: () => void = () => {};
  readonly #settled = new Promise<void>((resolve) => (this.#firstOutcome = resolve));
  #reopen: NodeJS.Timeout | undefined;

  constructor(client: RealtimeClient, name: string, onEmpty: () => void) {
    this.#client = client;
    this.#name = name;
    this.#onEmpty = onEmpty;
    this.#open();
  }

  subscribe(listener: TopicListener): TopicSubscription {
    // A copy, so that one listener can subscribe twice.
    const own = { ...listener };
    this.#listeners.add(own);
    const canSend = (): boolean => this.#canSend;
    return {
      get joined() {
        return canSend();
      },
      ready: async () => withTimeout(SUBSCRIBE_TIMEOUT_MS, this.#settled),
      send: async (event, payload) => this.#send(event, payload),
      unsubscribe: () => {
        if (!this.#listeners.delete(own) || this.#listeners.size > 0) return;
        this.close();
        this.#onEmpty();
      },
    };
  }

  close(): void {
    clearTimeout(this.#reopen);
    this.#listeners.clear();
    this.#joined = false;
    const channel = this.#channel;
    this.#channel = undefined;
    this.#firstOutcome();
    if (channel !== undefined) void this.#client.removeChannel(channel);
  }

  /** False as soon as the connection begins to close. */
  get #canSend(): boolean {
    return this.#joined && this.#client.isConnected();
  }

  #open(): void {
    const channel = this.#client.channel(this.#name, {
      config: {
        private: true,
        broadcast: { ack: true, self: false },
        presence: { enabled: false },
      },
    });
    this.#channel = channel;
    channel.on(
      "broadcast",
      { event: "*" },
      ({ event, payload }: { event: string; payload?: unknown }) => {
        for (const listener of this.#listeners) listener.onMessage?.(event, payload);
      },
    );
    channel.on("system", {}, (system: { status?: unknown; message?: unknown } | undefined) => {
      if (system?.status === "error") this.#notice = String(system.message);
    });
    channel.subscribe((status, error) => {
      if (this.#channel !== channel) return;
      if (status === REALTIME_SUBSCRIBE_STATES.SUBSCRIBED) this.#isJoined();
      else if (status === REALTIME_SUBSCRIBE_STATES.CLOSED) this.#wasClosed();
      else if (status === REALTIME_SUBSCRIBE_STATES.TIMED_OUT)
        this.#isAway("no answer to the join");
      else this.#isAway(reasonOf(error));
    });
  }

  #isJoined(): void {
    this.#joined = true;
    this.#notice = undefined;
    this.#firstOutcome();
    for (const listener of this.#listeners) listener.onJoined?.();
  }

  #wasClosed(): void {
    this.#isAway(this.#notice ?? "closed by the server");
    this.#channel = undefined;
    this.#reopen = setTimeout(() => this.#open(), REOPEN_MS * (0.5 + Math.random()));
    this.#reopen.unref();
  }

  #isAway(reason: string): void {
    this.#joined = false;
    this.#firstOutcome();
    const connected = this.#client.isConnected();
    for (const listener of this.#listeners) listener.onAway?.(reason, connected);
  }

  async #send(event: string, payload: object): Promise<string> {
    // If the topic is not joined, realtime-js silently sends over HTTP instead.
    if (!this.#canSend || this.#channel === undefined) return "timed out";
    return this.#channel.send({ type: "broadcast", event, payload });
  }
}

/** realtime-js reports a refused handshake only in the error's cause. */
function reasonOf(error: Error | undefined): string {
  const cause = (error?.cause as { message?: unknown } | undefined)?.message;
  return typeof cause === "string" && cause !== "" ? cause : (error?.message ?? "channel error");
}
