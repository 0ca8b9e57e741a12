/** What browsers, Node and k6 all have, each with types of its own. */
interface Timers {
  setTimeout(run: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}
const timers = globalThis as unknown as Timers;

/** Something that is due later. One thing at most: setting it forgets what it was set to before. */
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
