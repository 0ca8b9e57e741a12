import { BackOff, type Jitter } from "../back-off.ts";
import type { EngineLimits } from "../engine-limits.ts";
import type { ClientModel } from "../load-plan.ts";

/** Why an attempt failed. `http-error`: there was a response, but no event stream. */
export type Failure = "http-error" | "network";

/** When a client model opens its stream again. */
export interface ReconnectPolicy {
  /** `retry:` field or reconnect hint, milliseconds. */
  onRetry(retryMs: number): void;
  /** A stream was confirmed. */
  onConnected(): void;
  /** Delay until the next attempt, milliseconds; `undefined`: never again. */
  delayMs(failure: Failure): number | undefined;
}

/**
 * As the strategy's `useSSEConnection`, a fetch-based client: it retries any failure, with
 * exponential back-off and jitter. What the server asks for (`retry:`, reconnect hint) becomes the
 * base of the back-off.
 */
class RetryingPolicy implements ReconnectPolicy {
  readonly #backOff: BackOff;
  readonly #limits: EngineLimits;

  constructor(limits: EngineLimits, seed: number, jitter: Jitter) {
    this.#limits = limits;
    this.#backOff = new BackOff(limits.backOffBaseMs, limits.backOffCapMs, seed, jitter);
  }

  onRetry(retryMs: number): void {
    this.#backOff.baseMs = clampRetry(retryMs, this.#limits);
  }

  onConnected(): void {
    this.#backOff.reset();
  }

  delayMs(): number {
    return this.#backOff.nextMs();
  }
}

/**
 * A browser's EventSource (WHATWG HTML, 9.2.2 and 9.2.3): the end of a stream and network errors
 * are followed by a new attempt after the reconnection time, without jitter; a response that is not
 * 200 with `text/event-stream` (204 included) fails the connection for good. Redirects are not
 * followed here but count as such a response.
 */
class EventSourcePolicy implements ReconnectPolicy {
  readonly #limits: EngineLimits;
  #retryMs: number;

  constructor(limits: EngineLimits) {
    this.#limits = limits;
    this.#retryMs = limits.eventSourceRetryMs;
  }

  onRetry(retryMs: number): void {
    this.#retryMs = clampRetry(retryMs, this.#limits);
  }

  onConnected(): void {}

  delayMs(failure: Failure): number | undefined {
    return failure === "http-error" ? undefined : this.#retryMs;
  }
}

const clampRetry = (retryMs: number, limits: EngineLimits): number =>
  Math.min(Math.max(retryMs, limits.minRetryMs), limits.maxRetryMs);

/** @param jitter of the `retrying` client; EventSource has none */
export const createReconnectPolicy = (
  client: ClientModel,
  limits: EngineLimits,
  seed: number,
  jitter: Jitter,
): ReconnectPolicy =>
  client === "retrying" ? new RetryingPolicy(limits, seed, jitter) : new EventSourcePolicy(limits);
