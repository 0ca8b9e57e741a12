import type { PipelineSSEEvent } from "../contract/events.ts";
import type { DeliveryRoute } from "../contract/ledger.ts";

/**
 * Delivers events from their producer to the streams of their session. `publish` never throws and
 * never waits. `subscribe` returns a function that ends the subscription.
 */
export interface SSEBroadcaster {
  publish(sessionId: string, event: PipelineSSEEvent): void;
  subscribe(sessionId: string, handler: (event: PipelineSSEEvent) => void): () => void;
  shutdown(): Promise<void>;
}

export type EventHandler = Parameters<SSEBroadcaster["subscribe"]>[1];

/** Tells when a subscription takes effect. */
export interface SubscriptionReadiness {
  /**
   * Resolves once the session's events from all instances reach this one, or the broker is known to
   * be down, in bounded time. Never rejects.
   */
  ready(sessionId: string): Promise<void>;
}

/** Called before an event is delivered, so that the ledger never knows less than a subscriber. */
export type OnPublish = (event: PipelineSSEEvent, route: DeliveryRoute) => void;
