/** Browsers, Node and k6 all have these, with different types. */
interface Timers {
  setTimeout(run: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}
const timers = globalThis as unknown as Timers;

/** At most one callback that is due later: setting it replaces the one before. */
export class Timer {
  #timer: unknown;

  set(delayMs: number, run: () => void): void {
    this.clear();
    this.#timer = timers.setTimeout(() => {
      this.#timer = undefined;
      run();
    }, delayMs);
  }

  clear(): void {
    if (this.#timer !== undefined) timers.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
