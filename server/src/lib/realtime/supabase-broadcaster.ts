import { sessionChannel, type PipelineSSEEvent } from "../../contract/events.ts";
import type {
  EventHandler,
  OnPublish,
  SSEBroadcaster,
  SubscriptionReadiness,
} from "../sse-broadcaster.ts";
import type { EventLog } from "../redis/event-log.ts";
import { LocalClients } from "../streams/local-clients.ts";
import { parseEvent } from "../streams/parse-event.ts";
import { LogBeforePublish } from "./log-before-publish.ts";
import { QueuedEvent, type RealtimePublisher } from "./queued-event.ts";
import type { RealtimeTopics, TopicSubscription } from "./realtime-topics.ts";

/** How many of a session's last event ids are kept to recognize duplicates. */
const REMEMBERED_IDS = 1000;

export interface SupabaseBroadcasterOptions {
  publisher: RealtimePublisher;
  topics: RealtimeTopics;
  /** Undefined: no event log. */
  log: EventLog | undefined;
  onPublish: OnPublish;
  /** Called for each dropped message that is not an event of the session of its channel. */
  onMalformed: (sessionId: string) => void;
}

/**
 * Supabase Realtime Broadcast. Every event goes to this instance's own streams at once, and to the
 * session's private channel, where pages read it themselves. Other instances subscribe to that
 * channel for their streams: `GET /events` serves pages that do not use Realtime.
 */
export class SupabaseBroadcaster implements SSEBroadcaster, SubscriptionReadiness {
  readonly #clients = new LocalClients();
  readonly #sessions = new Map<string, { subscription: TopicSubscription; seen: Set<string> }>();
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
    (this.#log ?? this.#publisher).send(new QueuedEvent(event));
  }

  subscribe(sessionId: string, handler: EventHandler): () => void {
    const remove = this.#clients.add(sessionId, handler);
    if (!this.#sessions.has(sessionId)) {
      const subscription = this.#topics.subscribe(sessionChannel(sessionId), {
        onMessage: (_type, payload) => this.#receive(sessionId, payload),
      });
      this.#sessions.set(sessionId, { subscription, seen: new Set() });
    }
    return () => {
      if (!remove()) return;
      this.#sessions.get(sessionId)?.subscription.unsubscribe();
      this.#sessions.delete(sessionId);
    };
  }

  async ready(sessionId: string): Promise<void> {
    await this.#sessions.get(sessionId)?.subscription.ready();
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

  /** Realtime returns this instance's own events, and can bring any event twice. */
  #deliver(sessionId: string, event: PipelineSSEEvent): void {
    const seen = this.#sessions.get(sessionId)?.seen;
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
