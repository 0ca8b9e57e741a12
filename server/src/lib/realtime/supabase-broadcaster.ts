import { sessionChannel, type PipelineSSEEvent } from "../../contract/events.ts";
import { parseEvent } from "../streams/parse-event.ts";
import type { EventLog } from "../redis/event-log.ts";
import { LocalClients } from "../streams/local-clients.ts";
import { LogBeforePublish } from "./log-before-publish.ts";
import { QueuedEvent, type RealtimePublisher } from "./queued-event.ts";
import type { RealtimeTopics, TopicSubscription } from "./realtime-topics.ts";
import type { EventHandler, OnPublish, SSEBroadcaster, SubscriptionReadiness } from "../sse-broadcaster.ts";

/** Of a session's last events, as many are known again when they come a second time. */
const REMEMBERED_IDS = 1000;

export interface SupabaseBroadcasterOptions {
  publisher: RealtimePublisher;
  topics: RealtimeTopics;
  /** Undefined: nothing is kept for those who missed it. */
  log: EventLog | undefined;
  onPublish: OnPublish;
  /** Told of each message that is dropped because it is no event of the session whose channel it came on. */
  onMalformed: (sessionId: string) => void;
}

/**
 * Supabase Realtime Broadcast: every event goes to the session's private channel, where pages read it themselves, and to this instance's
 * own streams at once. Streams of other instances (`GET /events` serves pages that do not speak to Realtime) get it from that channel.
 */
export class SupabaseBroadcaster implements SSEBroadcaster, SubscriptionReadiness {
  readonly #clients = new LocalClients();
  readonly #subscriptions = new Map<string, { subscription: TopicSubscription; seen: Set<string> }>();
  readonly #publisher: RealtimePublisher;
  readonly #log: LogBeforePublish | undefined;
  readonly #topics: RealtimeTopics;
  readonly #onPublish: OnPublish;
  readonly #onMalformed: (sessionId: string) => void;

  constructor({ publisher, topics, log, onPublish, onMalformed }: SupabaseBroadcasterOptions) {
    this.#publisher = publisher;
    this.#log = log && new LogBeforePublish(log, (event) => publisher.send(event));
    this.#topics = topics;
    this.#onPublish = onPublish;
    this.#onMalformed = onMalformed;
  }

  publish(sessionId: string, event: PipelineSSEEvent): void {
    this.#onPublish(event, "broker");
    this.#deliver(sessionId, event);
    const queued = new QueuedEvent(event);
    if (this.#log === undefined) this.#publisher.send(queued);
    else this.#log.send(queued);
  }

  subscribe(sessionId: string, handler: EventHandler): () => void {
    const remove = this.#clients.add(sessionId, handler);
    if (!this.#subscriptions.has(sessionId)) {
      const onMessage = (_type: string, payload: unknown): void => this.#receive(sessionId, payload);
      const subscription = this.#topics.subscribe(sessionChannel(sessionId), { onMessage });
      this.#subscriptions.set(sessionId, { subscription, seen: new Set() });
    }
    return () => {
      if (!remove()) return;
      this.#subscriptions.get(sessionId)?.subscription.unsubscribe();
      this.#subscriptions.delete(sessionId);
    };
  }

  async ready(sessionId: string): Promise<void> {
    await this.#subscriptions.get(sessionId)?.subscription.ready();
  }

  async shutdown(): Promise<void> {
    await this.#log?.flushed();
    await this.#publisher.shutdown();
    this.#clients.clear();
    await this.#topics.close();
  }

  #receive(sessionId: string, payload: unknown): void {
    const event = parseEvent((payload as { event?: unknown } | null | undefined)?.event);
    if (event?.sessionId === sessionId) this.#deliver(sessionId, event);
    else this.#onMalformed(sessionId);
  }

  /** Delivers it once: Realtime brings this instance's own events back, and may bring any of them twice. */
  #deliver(sessionId: string, event: PipelineSSEEvent): void {
    const seen = this.#subscriptions.get(sessionId)?.seen;
    if (seen === undefined) return;
    const id = `${event.epoch}-${event.seq}`;
    if (seen.has(id)) return;
    seen.add(id);
    for (const oldest of seen) {
      if (seen.size <= REMEMBERED_IDS) break;
      seen.delete(oldest);
    }
    this.#clients.deliver(sessionId, event);
  }
}
