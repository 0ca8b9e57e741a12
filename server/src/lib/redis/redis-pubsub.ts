import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { withTimeout } from "../../../../common/with-timeout.ts";
import { duplicateForSubscribing } from "./redis-client.ts";

/** SUBSCRIBE takes many channels in one command; more than this would stall the server for the others. */
const CHANNELS_PER_COMMAND = 1000;
/** Bound of every wait for a subscription. */
export const SUBSCRIBE_TIMEOUT_MS = 2000;
/** Messages handed to Redis and not yet confirmed, above which it counts as away (paused, or slower than we publish). */
const MAX_UNCONFIRMED = 100_000;

export interface RedisPubSubOptions {
  redis: Redis;
  logger: Logger;
  /** Called on every change, and once for the first outcome after the start. */
  onState: (state: "up" | "down", reason?: string) => void;
  onPublishFailure: () => void;
}

/**
 * The connection pair between this instance and the broker: channels with their handlers, renewed after every outage.
 * `up` means that publishing works AND every subscription is in force.
 */
export class RedisPubSub {
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #logger: Logger;
  readonly #onState: RedisPubSubOptions["onState"];
  readonly #handlers = new Map<string, (message: string) => void>();
  readonly #confirmed = new Map<string, Promise<void>>();
  readonly #publishFailed: () => void;
  readonly #publishDone = (): void => {
    this.#unconfirmed--;
  };
  readonly #onReady = (): void => this.#renew();
  readonly #onClose = (): void => this.#down("connection lost");
  readonly #firstOutcome = withResolvers();
  #state: "connecting" | "up" | "down" = "connecting";
  /** Counts connections of the subscriber, so that a late answer of an old one changes nothing. */
  #generation = 0;
  #unconfirmed = 0;

  constructor(options: RedisPubSubOptions) {
    this.#redis = options.redis;
    this.#logger = options.logger;
    this.#onState = options.onState;
    this.#publishFailed = () => {
      this.#unconfirmed--;
      options.onPublishFailure();
    };
    this.#subscriber = duplicateForSubscribing(options.redis, options.logger);
    this.#subscriber.on("message", (channel: string, message: string) =>
      this.#handlers.get(channel)?.(message),
    );
    for (const connection of [this.#redis, this.#subscriber]) {
      connection.on("ready", this.#onReady);
      connection.on("close", this.#onClose);
    }
    this.#renew();
  }

  get up(): boolean {
    return this.#state === "up";
  }

  /** Resolves when the first attempt to connect has succeeded or failed. Never rejects. */
  get settled(): Promise<void> {
    return this.#firstOutcome.promise;
  }

  /** False while Redis takes no messages; what is published then is not sent, now or later. */
  get canPublish(): boolean {
    return this.#redis.status === "ready" && this.#unconfirmed < MAX_UNCONFIRMED;
  }

  /** Hands the message to the broker without waiting. */
  publish(channel: string, message: string): void {
    this.#unconfirmed++;
    this.#redis.publish(channel, message).then(this.#publishDone, this.#publishFailed);
  }

  /** As {@link publish}, and tells how many subscribers it went to. Rejects when the broker is away. */
  async publishCounted(channel: string, message: string): Promise<number> {
    return this.#redis.publish(channel, message);
  }

  /** Sets the channel's one handler. */
  subscribe(channel: string, handler: (message: string) => void): void {
    this.#handlers.set(channel, handler);
    // When it fails, the connection is gone, and the next one subscribes again.
    if (this.#subscriber.status === "ready") this.#confirm([channel]).catch(() => {});
  }

  /** What is under way when this is called still reaches the handler: nobody waits for an answer that never comes. */
  unsubscribe(channel: string): void {
    const handler = this.#handlers.get(channel);
    const forget = (): void => {
      // Somebody may have subscribed again meanwhile.
      if (this.#handlers.get(channel) === handler) this.#handlers.delete(channel);
    };
    this.#confirmed.delete(channel);
    if (this.#subscriber.status === "ready") this.#subscriber.unsubscribe(channel).then(forget, forget);
    else forget();
  }

  /** Resolves once the subscription is confirmed, or at once when the broker is away, and in bounded time. Never rejects. */
  async ready(channel: string): Promise<void> {
    const confirmed = this.settled.then(() => this.#confirmed.get(channel));
    await withTimeout(SUBSCRIBE_TIMEOUT_MS, confirmed);
  }

  /** Ends the subscribing connection; the other one belongs to its owner. */
  close(): void {
    for (const connection of [this.#redis, this.#subscriber]) {
      connection.off("ready", this.#onReady);
      connection.off("close", this.#onClose);
    }
    this.#handlers.clear();
    this.#firstOutcome.resolve();
    this.#subscriber.disconnect();
  }

  #renew(): void {
    if (this.#redis.status !== "ready" || this.#subscriber.status !== "ready") return;
    const generation = ++this.#generation;
    this.#confirm([...this.#handlers.keys()]).then(
      () => {
        if (generation === this.#generation) this.#change("up");
      },
      (error: unknown) => {
        this.#logger.warn({ err: error }, "subscriptions could not be renewed");
        if (generation === this.#generation) this.#change("down", "subscribing failed");
      },
    );
  }

  #down(reason: string): void {
    this.#generation++;
    if (this.#subscriber.status !== "ready") this.#confirmed.clear();
    this.#change("down", reason);
  }

  #change(state: "up" | "down", reason?: string): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#onState(state, reason);
    this.#firstOutcome.resolve();
  }

  /** Subscribes to the channels, and keeps for each the promise that {@link ready} waits for. */
  async #confirm(channels: readonly string[]): Promise<void> {
    const commands: Promise<unknown>[] = [];
    for (let at = 0; at < channels.length; at += CHANNELS_PER_COMMAND) {
      const chunk = channels.slice(at, at + CHANNELS_PER_COMMAND);
      const command = this.#subscriber.subscribe(...chunk);
      commands.push(command);
      const settled = command.then(
        () => {},
        () => {},
      );
      for (const channel of chunk) this.#confirmed.set(channel, settled);
    }
    await Promise.all(commands);
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
