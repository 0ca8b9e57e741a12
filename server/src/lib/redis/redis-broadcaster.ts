import { parseJson } from "../../../../common/portable/parse-json.ts";
import { sessionChannel, type PipelineSSEEvent } from "../../contract/events.ts";
import { parseEvent } from "../streams/parse-event.ts";
import type { RedisPubSub } from "./redis-pubsub.ts";
import { LocalClients } from "../streams/local-clients.ts";
import type {
  EventHandler,
  OnPublish,
  SSEBroadcaster,
  SubscriptionReadiness,
} from "../sse-broadcaster.ts";
import { eventJson } from "../streams/sse-frame.ts";

export interface RedisBroadcasterOptions {
  link: RedisPubSub;
  onPublish: OnPublish;
  /** Called for each event that Redis refused after `onPublish` reported the broker's route. */
  onRefused: (event: PipelineSSEEvent) => void;
  /** Called for each dropped message that is not an event of the session of its channel. */
  onMalformed: (sessionId: string) => void;
  /** Names this process among all publishers, in `[A-Za-z0-9._-]`, to recognize its own echo. */
  origin: string;
}

/**
 * Redis pub/sub. Every event goes to this instance's own streams at once, and as JSON on
 * `sse:session:{sessionId}` to the other instances. While Redis is down, an event reaches only the
 * own streams; nothing fills the gap later.
 */
export class RedisBroadcaster implements SSEBroadcaster, SubscriptionReadiness {
  readonly #clients = new LocalClients();
  readonly #link: RedisPubSub;
  readonly #onPublish: OnPublish;
  readonly #onRefused: RedisBroadcasterOptions["onRefused"];
  readonly #onMalformed: (sessionId: string) => void;
  /** Start of every message of this process. Comparing it is cheaper than parsing the own echo. */
  readonly #ownPrefix: string;

  constructor({ link, onPublish, onRefused, onMalformed, origin }: RedisBroadcasterOptions) {
    this.#link = link;
    this.#onPublish = onPublish;
    this.#onRefused = onRefused;
    this.#onMalformed = onMalformed;
    this.#ownPrefix = `{"origin":"${origin}",`;
  }

  publish(sessionId: string, event: PipelineSSEEvent): void {
    const channel = sessionChannel(sessionId);
    // `onPublish` comes before the effect, so the route is decided first.
    const viaBroker = this.#link.canPublish;
    this.#onPublish(event, viaBroker ? "broker" : "fallback");
    this.#clients.deliver(sessionId, event);
    if (viaBroker)
      this.#link.publish(channel, `${this.#ownPrefix}"event":${eventJson(event)}}`, () =>
        this.#onRefused(event),
      );
  }

  subscribe(sessionId: string, handler: EventHandler): () => void {
    const isFirst = !this.#clients.has(sessionId);
    const remove = this.#clients.add(sessionId, handler);
    const channel = sessionChannel(sessionId);
    if (isFirst) this.#link.subscribe(channel, (message) => this.#receive(sessionId, message));
    return () => {
      if (remove()) this.#link.unsubscribe(channel);
    };
  }

  async ready(sessionId: string): Promise<void> {
    await this.#link.ready(sessionChannel(sessionId));
  }

  async shutdown(): Promise<void> {
    this.#clients.clear();
    await this.#link.close();
  }

  #receive(sessionId: string, message: string): void {
    if (message.startsWith(this.#ownPrefix)) return;
    const event = parseEvent(
      (parseJson(message) as { event?: unknown } | null | undefined)?.event,
      message,
    );
    if (event?.sessionId === sessionId) this.#clients.deliver(sessionId, event);
    else this.#onMalformed(sessionId);
  }
}
