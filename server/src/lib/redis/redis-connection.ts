import { Redis } from "ioredis";
import type { Logger } from "pino";
import { nowMs } from "../../../../common/clock.ts";
import { withTimeout } from "../../../../common/with-timeout.ts";
import { NotSentError } from "../instance-link.ts";
import type { RedisAddress } from "./redis-address.ts";
import { isRefusal, permanentCause } from "./redis-refusal.ts";

const CONNECT_TIMEOUT_MS = 2000;
/**
 * A connection without an answer for this long is closed, because ioredis waits forever on a
 * half-open socket. It is well above any stall of this process's event loop, which looks the same.
 */
const ANSWER_TIMEOUT_MS = 4000;
/** Half of what the checker allows until an outage is noticed. */
const CHECK_EVERY_MS = 500;
const RECONNECT_CAP_MS = 1000;
/** The shortest life of a connection that leads to a replica. */
const REPLICA_RETRY_MS = 2000;
/** The longest that a request waits for Redis. */
const REQUEST_WAIT_MS = 150;
/** A write that changes nothing, for a server that does not tell its role. */
const PROBE_KEY = "sse:limit:probe";
const NOT_CONNECTED = "not connected yet";
const LOST = "connection lost";

export interface RedisConnectionOptions {
  address: RedisAddress;
  logger: Logger;
  /** Shown by CLIENT LIST. */
  name: string;
  /** Sends each command at once. */
  forSubscribing?: boolean;
}

/**
 * A connection to a Redis-compatible server, made at once and again forever. Twice a second it asks
 * for the server's role, because a demoted primary answers as before and reaches nobody. While
 * Redis is away, commands fail at once: a queued event that arrives minutes late is useless.
 */
export class RedisConnection {
  readonly client: Redis;
  readonly #options: RedisConnectionOptions;
  readonly #logger: Logger;
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  #problem: string | undefined = NOT_CONNECTED;
  /** The error of the current attempt to connect, or of the connection's end. */
  #error: Error | undefined;
  #connections = 0;
  #readyMs = 0;
  #checking = 0;
  #inspected = 0;
  /** True while a request has waited in vain, and no answer has come since. */
  #silent = false;
  #roleIsSecret = false;

  readonly #onClose = (): void => {
    this.#checking = 0;
    this.#silent = false;
    const cause = this.#error && permanentCause(this.#error);
    if (cause === undefined && this.#problem !== LOST)
      this.#logger.warn(
        { reason: this.#error?.message ?? "closed by the server" },
        "redis connection failed, will retry",
      );
    const isTls = this.#options.address.tls && this.#connections === 0;
    this.#report(
      cause ?? (isTls ? "no TLS connection: does that port of REDIS_URL speak it?" : LOST),
    );
  };

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
    this.#logger = options.logger.child({ redis: options.name });
    const { tls, ...target } = options.address;
    this.client = new Redis({
      ...target,
      ...(tls && { tls: {} }),
      connectionName: options.name,
      // RESP2 has all that is needed, and some servers and users may not say HELLO.
      protocol: 2,
      // The check asks more, and without INFO.
      enableReadyCheck: false,
      enableAutoPipelining: !options.forSubscribing,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      // RedisPubSub renews the subscriptions itself, to know when they are in force again.
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: ANSWER_TIMEOUT_MS,
      keepAlive: 10_000,
      retryStrategy: (attempt) =>
        Math.random() * 50 + Math.min(RECONNECT_CAP_MS, 25 * 2 ** Math.min(attempt, 10)),
    });
    this.client.on("connecting", () => (this.#error = undefined));
    this.client.on("error", (error: Error) => (this.#error = error));
    this.client.on("ready", () => this.#onReady());
    this.client.on("close", this.#onClose);
    this.#timer = setInterval(() => void this.check(), CHECK_EVERY_MS);
    this.#timer.unref();
  }

  /** Why Redis cannot be used, without a secret; undefined while it can. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** False until the first attempt has succeeded or failed. */
  get isSettled(): boolean {
    return this.#problem !== NOT_CONNECTED;
  }

  /** Number of connections so far. What was subscribed is in force on one of them only. */
  get connections(): number {
    return this.#connections;
  }

  /** Another connection to the same server, for subscribing: it takes no other commands then. */
  duplicate(): RedisConnection {
    const name = `${this.#options.name}-sub`;
    return new RedisConnection({ ...this.#options, name, forSubscribing: true });
  }

  /** Calls back after each check, and after each loss. Returns a function that ends this. */
  onCheck(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when the first attempt has succeeded or failed. Never rejects. */
  async settled(): Promise<void> {
    if (this.isSettled) return;
    await new Promise<void>((resolve) => {
      const stop = this.onCheck(() => {
        stop();
        resolve();
      });
    });
  }

  /**
   * Runs a command for a request, which waits no longer than {@link REQUEST_WAIT_MS} in all.
   * @throws NotSentError if Redis is known to be away; the command's error; Error if no answer came
   */
  async ask<T>(command: (client: Redis) => Promise<T>): Promise<T> {
    if (this.#problem !== undefined) throw new NotSentError(this.#problem);
    if (this.#silent) throw new NotSentError("Redis does not answer");
    let isAnswered = false;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const giveUp = (): void => {
        if (isAnswered) return;
        this.#silent = true;
        reject(new Error(`Redis did not answer within ${REQUEST_WAIT_MS} ms`));
      };
      // A busy event loop is not Redis: what has arrived meanwhile is read before the callback.
      timer = setTimeout(() => setImmediate(giveUp), REQUEST_WAIT_MS);
    });
    const answer = command(this.client).finally(() => {
      isAnswered = true;
      clearTimeout(timer);
      this.#silent = false;
    });
    return Promise.race([answer, late]);
  }

  /** Asks for the role now. Never rejects. */
  async check(): Promise<void> {
    const connection = this.#connections;
    if (!this.#isReady() || this.#checking === connection) return;
    this.#checking = connection;
    const problem = this.#refusedSetup() ?? (await this.#inspect());
    if (connection !== this.#connections || !this.#isReady()) return;
    this.#checking = 0;
    this.#silent = false;
    this.#report(problem);
    // Behind the same address there may be a primary by now.
    if (problem !== undefined && nowMs() - this.#readyMs > REPLICA_RETRY_MS) this.reconnect();
  }

  reconnect(): void {
    this.client.disconnect(true);
  }

  /** Closes the connection for good. Running commands get `graceMs` to finish. */
  async close(graceMs = 500): Promise<void> {
    clearInterval(this.#timer);
    this.#listeners.clear();
    if (this.#problem === undefined) await withTimeout(graceMs, this.client.ping());
    // Its end is no failure to be logged.
    this.client.off("close", this.#onClose);
    this.client.disconnect();
  }

  #isReady(): boolean {
    return this.client.status === "ready";
  }

  #onReady(): void {
    this.#connections++;
    this.#readyMs = nowMs();
    void this.check();
  }

  /** A database that does not exist leaves the connection in database 0. */
  #refusedSetup(): string | undefined {
    return this.#error && permanentCause(this.#error);
  }

  async #inspect(): Promise<string | undefined> {
    try {
      // RESP2 takes no other command after SUBSCRIBE, which follows the first check.
      const isFirst = this.#inspected !== this.#connections;
      this.#inspected = this.#connections;
      if (isFirst || !this.#options.forSubscribing) return await this.#askRole();
      await this.client.ping().catch(passRefusal);
      return undefined;
    } catch (error) {
      return isRefusal(error) ? permanentCause(error) : LOST;
    }
  }

  async #askRole(): Promise<string | undefined> {
    try {
      const [role] = await this.client.role();
      if (role === "master") return undefined;
      return `Redis is no primary but a ${role === "slave" ? "replica" : String(role)}: point REDIS_URL to the primary`;
    } catch (error) {
      if (!isForbidden(error)) throw error;
      if (!this.#roleIsSecret && !this.#options.forSubscribing)
        this.#logger.warn(
          { reason: permanentCause(error) },
          "redis does not tell its role, a write tells a replica instead",
        );
      this.#roleIsSecret = true;
    }
    await this.client.set(PROBE_KEY, "", "PX", 60_000).catch((error: unknown) => {
      if (!isForbidden(error)) throw error;
    });
    return undefined;
  }

  #report(problem: string | undefined): void {
    if (problem !== this.#problem) {
      this.#problem = problem;
      if (problem === undefined) this.#logger.info("redis connection ready");
      else if (problem !== LOST) this.#logger.error({ reason: problem }, "redis cannot be used");
    }
    for (const listener of [...this.#listeners]) listener();
  }
}

const isForbidden = (error: unknown): error is Error =>
  isRefusal(error) && /^(?:NOPERM|ERR unknown command)/.test(error.message);

/** Any answer shows that the connection lives. */
function passRefusal(error: unknown): void {
  if (!isRefusal(error)) throw error;
}
