import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { withTimeout } from "../../../../common/with-timeout.ts";
import { duplicateForSubscribing } from "./redis-client.ts";

/** SUBSCRIBE takes many channels; more than this per command would stall the server. */
const CHANNELS_PER_COMMAND = 1000;
/** The longest wait for a subscription. */
export const SUBSCRIBE_TIMEOUT_MS = 2000;
/** With more unconfirmed messages than this, Redis counts as down: it is paused or too slow. */
const MAX_UNCONFIRMED = 100_000;

export interface RedisPubSubOptions {
  redis: Redis;
  logger: Logger;
  /** Called for the first outcome, and for each change. */
  onState: (state: "up" | "down", reason?: string) => void;
  onPublishFailure: () => void;
}

/**
 * Publishes on one connection to Redis and subscribes on another. It renews all subscriptions after
 * an outage. `up` means that publishing works and every subscription is in force.
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
  /** Counts connections of the subscriber, so that a late answer on an old one changes nothing. */
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

  /** False while Redis takes no messages: a message published then is lost. */
  get canPublish(): boolean {
    return this.#redis.status === "ready" && this.#unconfirmed < MAX_UNCONFIRMED;
  }

  /** Sends the message without waiting. */
  publish(channel: string, message: string): void {
    this.#unconfirmed++;
    this.#redis.publish(channel, message).then(this.#publishDone, this.#publishFailed);
  }

  /** Like {@link publish}, but resolves to the number of receivers. Rejects if Redis is down. */
  async publishCounted(channel: string, message: string): Promise<number> {
    return this.#redis.publish(channel, message);
  }

  /** Sets the channel's one handler. */
  subscribe(channel: string, handler: (message: string) => void): void {
    this.#handlers.set(channel, handler);
    // A failure means a lost connection; the next connection subscribes again.
    if (this.#subscriber.status === "ready") this.#confirm([channel]).catch(() => {});
  }

  /** Messages that are already under way still reach the handler. */
  unsubscribe(channel: string): void {
    const handler = this.#handlers.get(channel);
    const forget = (): void => {
      // The channel can have a new handler by now.
      if (this.#handlers.get(channel) === handler) this.#handlers.delete(channel);
    };
    this.#confirmed.delete(channel);
    if (this.#subscriber.status === "ready")
      this.#subscriber.unsubscribe(channel).then(forget, forget);
    else forget();
  }

  /** Resolves when Redis confirms the subscription or is down, in bounded time. Never rejects. */
  async ready(channel: string): Promise<void> {
    const confirmed = this.settled.then(() => this.#confirmed.get(channel));
    await withTimeout(SUBSCRIBE_TIMEOUT_MS, confirmed);
  }

  /** Closes the subscribing connection. The caller owns the other one. */
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
        this.#logger.warn({ err: error }, "cannot renew subscriptions");
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

  /** Subscribes to the channels and stores the promise that {@link ready} waits for. */
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
