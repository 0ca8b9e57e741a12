const BUCKETS = 12;
/** 5 min of samples every 5 s: a meter that nothing happens on for so long starts anew at the next event. */
const IDLE_SAMPLES = 60;

/**
 * Counts events and compares their mean rate with a limit, as supabase/realtime does (`rate_counter.ex`): a bucket every
 * `sampleMs`, at most 12 of them, and the mean over the buckets so far. The first bucket is taken when the counting
 * starts, so it is empty: a burst passes, an overload that lasts trips the limit after 5 to 60 s, and clears it as late.
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

  /** @param limit events per second from which on {@link triggered} is true */
  constructor(limit: number, sampleMs: number) {
    this.#limit = limit;
    this.#sampleMs = sampleMs;
  }

  count(): void {
    this.#start();
    this.#current += 1;
  }

  /** Mean rate, events per second, as of the last sample. */
  get perSecond(): number {
    this.#start();
    return this.#perSecond;
  }

  /** True from the sample that reached the limit to the first one below it. */
  get triggered(): boolean {
    this.#start();
    return this.#triggered;
  }

  /** Closes a bucket. The meter does this itself every `sampleMs`. */
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
