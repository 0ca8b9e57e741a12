import type { PipelineSSEEvent } from "../contract/events.ts";
import type { DeliveryRoute } from "../contract/ledger.ts";

/**
 * Carries events from the code that makes them to the streams of their session. `publish` never throws and never
 * waits; `subscribe` returns the function that ends the subscription.
 */
export interface SSEBroadcaster {
  publish(sessionId: string, event: PipelineSSEEvent): void;
  subscribe(sessionId: string, handler: (event: PipelineSSEEvent) => void): () => void;
  shutdown(): Promise<void>;
}

export type EventHandler = Parameters<SSEBroadcaster["subscribe"]>[1];

/** Beside the broadcaster: tells when a subscription really takes effect. */
export interface SubscriptionReadiness {
  /**
   * Resolves, in bounded time, once events published anywhere reach this instance's subscribers of the session, or once
   * it is clear that only this instance's own events will (the broker is away). Never rejects.
   */
  ready(sessionId: string): Promise<void>;
}

/** Told of every event before it is delivered anywhere: the ledger must not know less than a subscriber. */
export type OnPublish = (event: PipelineSSEEvent, route: DeliveryRoute) => void;
