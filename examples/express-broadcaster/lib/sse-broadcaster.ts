import { Redis } from "ioredis";

export interface PipelineSSEEvent {
  event: string;
  data: object;
}

type Handler = (event: PipelineSSEEvent) => void;

export interface SSEBroadcaster {
  publish(sessionId: string, event: PipelineSSEEvent): void;
  subscribe(sessionId: string, handler: Handler): () => void;
  shutdown(): Promise<void>;
}

/** The Map, as before. */
class LocalBroadcaster implements SSEBroadcaster {
  readonly #handlers = new Map<string, Set<Handler>>();

  publish(sessionId: string, event: PipelineSSEEvent): void {
    for (const handler of this.#handlers.get(sessionId) ?? []) handler(event);
  }

  subscribe(sessionId: string, handler: Handler): () => void {
    const handlers = this.#handlers.get(sessionId) ?? new Set();
    this.#handlers.set(sessionId, handlers.add(handler));
    return () => {
      handlers.delete(handler);
      if (handlers.size === 0) this.#handlers.delete(sessionId);
    };
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** Every instance listens to the channels of its sessions. */
class RedisBroadcaster implements SSEBroadcaster {
  readonly #local = new LocalBroadcaster();
  readonly #publisher: Redis;
  readonly #subscriber: Redis;
  readonly #streams = new Map<string, number>();

  constructor(url: string) {
    this.#publisher = new Redis(url);
    this.#subscriber = new Redis(url);
    this.#subscriber.on("message", (channel, text) => {
      this.#local.publish(channel.slice(CHANNEL.length), JSON.parse(text) as PipelineSSEEvent);
    });
  }

  publish(sessionId: string, event: PipelineSSEEvent): void {
    void this.#publisher.publish(CHANNEL + sessionId, JSON.stringify(event));
  }

  subscribe(sessionId: string, handler: Handler): () => void {
    const unsubscribe = this.#local.subscribe(sessionId, handler);
    this.#count(sessionId, 1);
    return () => {
      unsubscribe();
      this.#count(sessionId, -1);
    };
  }

  async shutdown(): Promise<void> {
    await Promise.all([this.#publisher.quit(), this.#subscriber.quit()]);
  }

  #count(sessionId: string, change: 1 | -1): void {
    const streams = (this.#streams.get(sessionId) ?? 0) + change;
    if (streams === 0) {
      this.#streams.delete(sessionId);
      void this.#subscriber.unsubscribe(CHANNEL + sessionId);
      return;
    }
    this.#streams.set(sessionId, streams);
    if (streams === 1 && change === 1) void this.#subscriber.subscribe(CHANNEL + sessionId);
  }
}

const CHANNEL = "sse:session:";
const { FF_REDIS_SSE_BROADCAST, REDIS_URL } = process.env;

export const broadcaster: SSEBroadcaster =
  FF_REDIS_SSE_BROADCAST === "true" && REDIS_URL !== undefined
    ? new RedisBroadcaster(REDIS_URL)
    : new LocalBroadcaster();
