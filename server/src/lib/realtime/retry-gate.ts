import { nowMs } from "../../../../common/clock.ts";

/** The wait after the first failure, and the longest wait. Milliseconds, before jitter. */
export interface BackOff {
  firstMs: number;
  capMs: number;
}

/** The wait between two attempts after {@link RetryGate.retryNow}. */
const HURRIED_MS = 50;

/**
 * A circuit breaker that several senders to one server share. While the server is away or refuses,
 * one sender tries again after the back-off and the others wait for its outcome.
 */
export class RetryGate {
  #failures = 0;
  #untilMs = 0;
  /** Counts verdicts on the server. An attempt from before the last verdict tells nothing new. */
  #verdicts = 0;
  #trying = false;
  #isHurried = false;
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  /**
   * Returns undefined if a sender may send at once, else a promise that resolves when it may. The
   * one that has waited longest tries next, so that one that always fails holds up no other.
   */
  waitTurn(): Promise<void> | undefined {
    if (this.#failures === 0) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#arm();
    });
  }

  /** Identifies the attempt that begins now. Pass it to `succeeded` or `failed`. */
  get attempt(): number {
    return this.#verdicts;
  }

  succeeded(attempt: number): void {
    if (this.#failures === 0 || attempt !== this.#verdicts) return;
    this.#failures = 0;
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#verdict();
  }

  /** @param waitMs the wait that the server asks for */
  failed(attempt: number, backOff: BackOff, waitMs = 0): void {
    if (attempt !== this.#verdicts) return;
    const delayMs = Math.min(backOff.capMs, backOff.firstMs * 2 ** Math.min(this.#failures, 20));
    // 0.5 to 1.5 times the delay, so that instances that failed together do not retry together.
    const jitteredMs = delayMs * (0.5 + Math.random());
    this.#untilMs = nowMs() + (this.#isHurried ? HURRIED_MS : Math.max(waitMs, jitteredMs));
    this.#failures++;
    this.#verdict();
  }

  /** Ends the current wait and makes all later ones short. */
  retryNow(): void {
    this.#isHurried = true;
    this.#untilMs = 0;
    this.#arm();
  }

  #verdict(): void {
    this.#verdicts++;
    this.#trying = false;
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#trying || this.#waiting.length === 0) return;
    this.#timer = setTimeout(
      () => {
        this.#trying = true;
        this.#waiting.shift()?.();
      },
      Math.max(0, Math.ceil(this.#untilMs - nowMs())),
    );
  }
}
