import { nowMs } from "../../../../common/clock.ts";

/** How long the n-th failure in a row makes wait, milliseconds, before jitter. */
export interface BackOff {
  firstMs: number;
  capMs: number;
}

/** Between two attempts when there is not much time left. */
const HURRIED_MS = 50;

/**
 * What several senders to one server have in common while it refuses or is away: one of them tries again after the back-off, the others
 * wait for what becomes of that.
 */
export class RetryGate {
  #failures = 0;
  #untilMs = 0;
  /** Counts verdicts on the server: what began before the last one says nothing new. */
  #verdicts = 0;
  #trying = false;
  #isHurried = false;
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** Undefined when a sender may go at once; otherwise resolves when it may. */
  waitTurn(): Promise<void> | undefined {
    return this.#failures === 0 ? undefined : this.#wait();
  }

  /** Given back with what became of the attempt that begins now. */
  get attempt(): number {
    return this.#verdicts;
  }

  succeeded(attempt: number): void {
    if (this.#failures === 0 || attempt !== this.#verdicts) return;
    this.#failures = 0;
    this.#verdict();
  }

  /** @param waitMs what the server itself asks for */
  failed(attempt: number, backOff: BackOff, waitMs = 0): void {
    if (attempt !== this.#verdicts) return;
    const delayMs = Math.min(backOff.capMs, backOff.firstMs * 2 ** Math.min(this.#failures, 20));
    // Half to one and a half of it: instances that were cut together must not come back together.
    const jitteredMs = delayMs * (0.5 + Math.random());
    this.#untilMs = nowMs() + (this.#isHurried ? HURRIED_MS : Math.max(waitMs, jitteredMs));
    this.#failures++;
    this.#verdict();
  }

  /** From here on waits are short, the one that is under way as well. */
  retryNow(): void {
    this.#isHurried = true;
    this.#untilMs = 0;
    this.#wake();
  }

  async #wait(): Promise<void> {
    while (this.#failures > 0) {
      const leftMs = this.#untilMs - nowMs();
      if (!this.#trying && leftMs <= 0) {
        this.#trying = true;
        return;
      }
      const changed = new Promise<void>((resolve) => this.#waiting.push(resolve));
      if (!this.#trying) this.#timer ??= setTimeout(() => this.#wake(), Math.ceil(leftMs));
      await changed;
    }
  }

  #verdict(): void {
    this.#verdicts++;
    this.#trying = false;
    this.#wake();
  }

  #wake(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
