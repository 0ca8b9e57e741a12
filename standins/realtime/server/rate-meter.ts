const BUCKETS = 12;
/** Samples without an event after which the meter restarts: 5 min of samples every 5 s. */
const IDLE_SAMPLES = 60;

/**
 * Compares the mean rate of events with a limit, like supabase/realtime (`rate_counter.ex`): one
 * bucket every `sampleMs`, at most 12 buckets, and the mean of the buckets so far. The first bucket
 * is taken when the counting starts, so it is empty. A burst therefore passes, a sustained overload
 * triggers after 5 to 60 s, and the limit clears as late.
 */
export class RateMeter {
  readonly #limit: number;
  readonly #sampleMs: number;
  #buckets: number[] = [];
  #current = 0;
  #samples = 0;
  #perSecond = 0;
  #triggered = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param limit events per second at which {@link triggered} becomes true */
  constructor(limit: number, sampleMs: number) {
    this.#limit = limit;
    this.#sampleMs = sampleMs;
  }

  count(): void {
    this.#start();
    this.#current += 1;
  }

  /** Mean rate at the last sample, events per second. */
  get perSecond(): number {
    this.#start();
    return this.#perSecond;
  }

  /** True from the sample that reaches the limit to the first one below it. */
  get triggered(): boolean {
    this.#start();
    return this.#triggered;
  }

  /** Closes a bucket. The meter calls this every `sampleMs`. */
  sample(): void {
    this.#buckets = [this.#current, ...this.#buckets].slice(0, BUCKETS);
    this.#current = 0;
    const sum = this.#buckets.reduce((total, count) => total + count, 0);
    this.#perSecond = sum / this.#buckets.length / (this.#sampleMs / 1000);
    this.#triggered = this.#perSecond >= this.#limit;
    this.#samples += 1;
    if (this.#samples % IDLE_SAMPLES === 0 && sum === 0) this.stop();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#buckets = [];
    this.#samples = 0;
  }

  #start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.sample(), this.#sampleMs).unref();
    this.sample();
  }
}
