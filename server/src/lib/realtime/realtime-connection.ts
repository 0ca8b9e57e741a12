import type { Logger } from "pino";
import { z } from "zod";
import type { InstanceLink } from "../instance-link.ts";
import type { RealtimeTopics, TopicSubscription } from "./realtime-topics.ts";

/** The one topic that every instance joins. Only the service key opens it. */
export const INSTANCES_TOPIC = "sse:instances";
const RELAY_EVENT = "relay";

const Relayed = z.object({ channel: z.string(), message: z.string() });

/**
 * Connects the instances over one private topic. Each instance gets every message and handles those
 * for its own channels. It is meant for gate responses, which are few.
 */
export class RealtimeConnection implements InstanceLink {
  readonly #handlers = new Map<string, (message: string) => void>();
  readonly #subscription: TopicSubscription;

  constructor({ topics, logger }: { topics: RealtimeTopics; logger: Logger }) {
    // One log line per outage, not one per attempt.
    let reported = false;
    this.#subscription = topics.subscribe(INSTANCES_TOPIC, {
      onJoined: () => (reported = false),
      onAway: (reason) => {
        if (!reported) logger.warn({ reason }, "cannot reach other instances over Realtime");
        reported = true;
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

  /** Realtime does not tell the number of receivers. */
  async publishCounted(channel: string, message: string): Promise<undefined> {
    const outcome = await this.#subscription.send(RELAY_EVENT, { channel, message });
    if (outcome !== "ok") throw new Error(`Realtime did not accept the message: ${outcome}`);
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
