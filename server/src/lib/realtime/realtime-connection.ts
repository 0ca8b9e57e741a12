import type { Logger } from "pino";
import { z } from "zod";
import type { InstanceLink } from "../broadcasting.ts";
import type { RealtimeTopics, TopicSubscription } from "./realtime-topics.ts";

/** The one topic that all instances are on. Only the service key opens it. */
export const INSTANCES_TOPIC = "sse:instances";
const RELAY_EVENT = "relay";

const Relayed = z.object({ channel: z.string(), message: z.string() });

/**
 * Channels between the instances over one private topic: each instance gets every message and looks at those for channels that it has
 * subscribed to. Meant for gate responses, of which there are few.
 */
export class RealtimeConnection implements InstanceLink {
  readonly #handlers = new Map<string, (message: string) => void>();
  readonly #subscription: TopicSubscription;

  constructor({ topics, logger }: { topics: RealtimeTopics; logger: Logger }) {
    let told: string | undefined;
    this.#subscription = topics.subscribe(INSTANCES_TOPIC, {
      onJoined: () => (told = undefined),
      onAway: (reason) => {
        // Once in an outage, not once for each attempt.
        if (told !== undefined) return;
        told = reason;
        logger.warn({ reason }, "other instances cannot be reached over Realtime");
      },
      onMessage: (event, payload) => {
        const relayed = event === RELAY_EVENT ? Relayed.safeParse(payload) : undefined;
        if (relayed?.success) this.#handlers.get(relayed.data.channel)?.(relayed.data.message);
      },
    });
  }

  get up(): boolean {
    return this.#subscription.joined;
  }

  publish(channel: string, message: string): void {
    void this.#subscription.send(RELAY_EVENT, { channel, message });
  }

  /** Realtime does not tell how many it went to. */
  async publishCounted(channel: string, message: string): Promise<undefined> {
    const outcome = await this.#subscription.send(RELAY_EVENT, { channel, message });
    if (outcome !== "ok") throw new Error(`Realtime did not take the message: ${outcome}`);
  }

  subscribe(channel: string, handler: (message: string) => void): void {
    this.#handlers.set(channel, handler);
  }

  unsubscribe(channel: string): void {
    this.#handlers.delete(channel);
  }

  async ready(): Promise<void> {
    await this.#subscription.ready();
  }
}
