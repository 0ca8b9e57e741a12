import type { PipelineSSEEvent } from "../contract/events.ts";
import { LocalClients } from "./streams/local-clients.ts";
import type {
  EventHandler,
  OnPublish,
  SSEBroadcaster,
  SubscriptionReadiness,
} from "./sse-broadcaster.ts";

/** Delivers events only to the streams of this process. */
export class LocalBroadcaster implements SSEBroadcaster, SubscriptionReadiness {
  readonly #clients = new LocalClients();
  readonly #onPublish: OnPublish;

  constructor(onPublish: OnPublish) {
    this.#onPublish = onPublish;
  }

  publish(sessionId: string, event: PipelineSSEEvent): void {
    this.#onPublish(event, "local");
    this.#clients.deliver(sessionId, event);
  }

  subscribe(sessionId: string, handler: EventHandler): () => void {
    return this.#clients.add(sessionId, handler);
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    this.#clients.clear();
    return Promise.resolve();
  }
}
