import { setTimeout as sleep } from "node:timers/promises";
import { isUtf8 } from "node:buffer";
import type { Logger } from "pino";
import { withTimeout } from "../../../../common/with-timeout.ts";
import { NotSentError } from "../instance-link.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { channelRefusal, isRefusal } from "./redis-refusal.ts";

/** SUBSCRIBE takes many channels; more than this per command would stall the server. */
const CHANNELS_PER_COMMAND = 1000;
/** The longest wait for a subscription, and for the own echo. */
export const SUBSCRIBE_TIMEOUT_MS = 2000;
/** With more unconfirmed messages than this, Redis counts as down: it is paused or too slow. */
const MAX_UNCONFIRMED = 100_000;
/** The same for their length together, which is memory of this process. */
export const MAX_UNCONFIRMED_CHARS = 33_554_432;

export interface RedisPubSubOptions {
  redis: RedisConnection;
  logger: Logger;
  /** A channel of this process alone. Messages on it show that publishing reaches subscribers. */
  ownChannel: string;
  /** Called for the first outcome, and for each change. */
  onState: (state: "up" | "down", reason?: string) => void;
  onPublishFailure: () => void;
}

/**
 * Publishes on one connection to Redis and subscribes on another. It renews all subscriptions after
 * an outage. `up` means that Redis is a primary, that publishing is allowed, and that it reaches
 * this process's own subscription. A channel that Redis refuses leaves the others in force.
 */
export class RedisPubSub {
  readonly #options: RedisPubSubOptions;
  readonly #redis: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #handlers = new Map<string, (message: string) => void>();
  readonly #confirmed = new Map<string, Promise<void>>();
  /** Channel to the reason of its refusal. */
  readonly #refused = new Map<string, string>();
  /** Log lines are for each kind of channel, not for each channel. */
  readonly #reported = new Set<string>();
  readonly #firstOutcome = withResolvers();
  readonly #stopChecks: (() => void)[];
  #state: "connecting" | "up" | "down" = "connecting";
  #reason: string | undefined;
  #publishRefusal: string | undefined;
  #unconfirmed = 0;
  #unconfirmedChars = 0;
  #probing = false;
  /** The subscriber's connection on which the subscriptions are in force. */
  #renewedOn = 0;
  #heard: () => void = () => {};

  constructor(options: RedisPubSubOptions) {
    this.#options = options;
    this.#redis = options.redis;
    this.#subscriber = options.redis.duplicate();
    this.#subscriber.client.on("messageBuffer", (channel: Buffer, message: Buffer) =>
      // What is not UTF-8 would be changed; as an empty text it is malformed for every handler.
      this.#handlers.get(channel.toString())?.(isUtf8(message) ? message.toString() : ""),
    );
    this.#handlers.set(options.ownChannel, () => this.#heard());
    this.#stopChecks = [this.#redis, this.#subscriber].map((connection) =>
      connection.onCheck(() => this.#onCheck()),
    );
  }

  get up(): boolean {
    return this.#state === "up";
  }

  /** Why the state is `down`, or what does not work although it is `up`. */
  get reason(): string | undefined {
    return this.#reason ?? [...this.#refused.values()][0];
  }

  /** Resolves when the first attempt to connect has succeeded or failed. Never rejects. */
  get settled(): Promise<void> {
    return this.#firstOutcome.promise;
  }

  /** False while Redis takes no messages: a message published then is lost. */
  get canPublish(): boolean {
    return (
      this.#redis.problem === undefined &&
      this.#publishRefusal === undefined &&
      this.#unconfirmed < MAX_UNCONFIRMED &&
      this.#unconfirmedChars < MAX_UNCONFIRMED_CHARS
    );
  }

  /** Sends the message without waiting. `onRefused` is called if Redis answers with an error. */
  publish(channel: string, message: string, onRefused?: () => void): void {
    const { length } = message;
    const settled = (): void => {
      this.#unconfirmed--;
      this.#unconfirmedChars -= length;
    };
    this.#unconfirmed++;
    this.#unconfirmedChars += length;
    this.#redis.client.publish(channel, message).then(settled, (error: unknown) => {
      settled();
      this.#options.onPublishFailure();
      if (!isRefusal(error)) return;
      onRefused?.();
      this.#reportOnce("publish to", channel, error);
      // The refusal may concern this channel or all of them.
      void this.#redis.check();
    });
  }

  /**
   * Like {@link publish}, but resolves to the number of receivers.
   * @throws NotSentError if Redis did not take it; Error if that is not known
   */
  async publishCounted(channel: string, message: string): Promise<number> {
    try {
      return await this.#redis.ask(async (client) => client.publish(channel, message));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#reportOnce("publish to", channel, error);
      throw new NotSentError(channelRefusal("publish to", channel, error));
    }
  }

  /** Sets the channel's one handler. */
  subscribe(channel: string, handler: (message: string) => void): void {
    this.#handlers.set(channel, handler);
    // A failure means a lost connection; the next connection subscribes again.
    if (this.#subscribes) this.#confirm([channel]).catch(() => {});
  }

  /** Messages that are already under way still reach the handler. */
  unsubscribe(channel: string): void {
    const handler = this.#handlers.get(channel);
    const forget = (): void => {
      // The channel can have a new handler by now.
      if (this.#handlers.get(channel) === handler) this.#handlers.delete(channel);
    };
    this.#confirmed.delete(channel);
    this.#refused.delete(channel);
    if (this.#subscribes) this.#subscriber.client.unsubscribe(channel).then(forget, forget);
    else forget();
  }

  /** Resolves when Redis confirms the subscription or is down, in bounded time. Never rejects. */
  async ready(channel: string): Promise<void> {
    const confirmed = this.settled.then(() => this.#confirmed.get(channel));
    await withTimeout(SUBSCRIBE_TIMEOUT_MS, confirmed);
  }

  /** Closes the subscribing connection. The caller owns the other one. */
  async close(): Promise<void> {
    for (const stop of this.#stopChecks) stop();
    this.#handlers.clear();
    this.#firstOutcome.resolve();
    await this.#subscriber.close(0);
  }

  get #subscribes(): boolean {
    const { connections, client } = this.#subscriber;
    return this.#renewedOn === connections && client.status === "ready";
  }

  #onCheck(): void {
    if (this.#subscriber.client.status !== "ready") this.#confirmed.clear();
    const settled = [this.#redis, this.#subscriber].filter(({ isSettled }) => isSettled);
    const problem = settled.map((connection) => connection.problem).find(Boolean);
    if (problem !== undefined) this.#change("down", problem);
    else if (settled.length === 2) void this.#probe();
  }

  /** Renews what is not in force, then shows that publishing reaches the subscriptions. */
  async #probe(): Promise<void> {
    if (this.#probing) return;
    this.#probing = true;
    const [publishing, subscribing] = [this.#redis.connections, this.#subscriber.connections];
    const problem = await this.#tryAll().catch(() => "connection lost");
    this.#probing = false;
    const isSame =
      publishing === this.#redis.connections && subscribing === this.#subscriber.connections;
    // A lost connection reports itself; a new one is checked on its own.
    if (!isSame || (this.#redis.problem ?? this.#subscriber.problem) !== undefined) return;
    this.#change(problem === undefined ? "up" : "down", problem);
  }

  async #tryAll(): Promise<string | undefined> {
    const { ownChannel } = this.#options;
    if (!this.#subscribes) {
      this.#renewedOn = this.#subscriber.connections;
      this.#refused.clear();
      try {
        await this.#confirm([...this.#handlers.keys()]);
      } catch (error) {
        this.#renewedOn = 0;
        throw error;
      }
    } else await this.#retryRefused();
    const echo = new Promise<boolean>((resolve) => (this.#heard = () => resolve(true)));
    let receivers: number;
    try {
      receivers = await this.#redis.client.publish(ownChannel, "");
      this.#publishRefusal = undefined;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return (this.#publishRefusal = channelRefusal("publish to", ownChannel, error));
    }
    const refused = this.#refused.get(ownChannel);
    if (refused !== undefined || receivers > 0) return refused;
    // Other servers of one cluster deliver without counting.
    const late = sleep(SUBSCRIBE_TIMEOUT_MS, false, { ref: false });
    if (await Promise.race([echo, late])) return undefined;
    this.#subscriber.reconnect();
    return "Redis does not deliver what it takes: REDIS_URL leads to several unconnected servers";
  }

  /** A right that was granted since takes effect without a new connection. */
  async #retryRefused(): Promise<void> {
    const [first, ...others] = this.#refused.keys();
    if (first === undefined) return;
    await this.#confirm([first]);
    if (!this.#refused.has(first)) await this.#confirm(others);
    if (this.#refused.size === 0) this.#reported.clear();
  }

  #change(state: "up" | "down", reason?: string): void {
    const isNews = reason !== this.#reason;
    this.#reason = reason;
    if (this.#state === state) {
      if (isNews && state === "down")
        this.#options.logger.warn({ reason }, "broker is down for another reason");
      return;
    }
    this.#state = state;
    this.#options.onState(state, reason);
    this.#firstOutcome.resolve();
  }

  /** Subscribes to the channels and stores the promise that {@link ready} waits for. */
  async #confirm(channels: readonly string[]): Promise<void> {
    const commands: Promise<unknown>[] = [];
    for (let at = 0; at < channels.length; at += CHANNELS_PER_COMMAND) {
      const chunk = channels.slice(at, at + CHANNELS_PER_COMMAND);
      const command = this.#subscribeTo(chunk);
      commands.push(command);
      const settled = command.catch(() => {});
      for (const channel of chunk) this.#confirmed.set(channel, settled);
    }
    await Promise.all(commands);
  }

  /** Redis refuses a whole command for one of its channels, so each is tried alone then. */
  async #subscribeTo(chunk: readonly string[]): Promise<void> {
    try {
      await this.#subscriber.client.subscribe(...chunk);
      for (const channel of chunk) this.#refused.delete(channel);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const [channel = ""] = chunk;
      if (chunk.length > 1)
        await Promise.all(chunk.map(async (single) => this.#subscribeTo([single])));
      else {
        this.#refused.set(channel, channelRefusal("subscribe to", channel, error));
        this.#reportOnce("subscribe to", channel, error);
      }
    }
  }

  #reportOnce(verb: string, channel: string, error: Error): void {
    const kind = `${verb} ${channel.replace(/[^:]*$/, "")}`;
    if (this.#reported.has(kind)) return;
    this.#reported.add(kind);
    this.#options.logger.error(
      { channel, reason: channelRefusal(verb, channel, error) },
      "redis refuses a channel",
    );
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
