/**
 * A VU's event loop. An iteration ends when its function has run and no timer, socket or request is
 * pending, or when a callback throws.
 */
export class EventLoop {
  readonly #held = new Set<() => void>();
  #failure: { reason: unknown } | undefined;
  #changed: (() => void) | undefined;

  /**
   * Keeps the iteration running until the release.
   *
   * @param cancel called if the iteration ends before
   * @returns the function that releases
   */
  hold(cancel: () => void): () => void {
    this.#held.add(cancel);
    return () => {
      this.#held.delete(cancel);
      this.#changed?.();
    };
  }

  /** Runs a callback of the script as one task. An exception ends the iteration. */
  run(callback: () => unknown): void {
    if (this.#failure !== undefined) return;
    try {
      callback();
    } catch (reason) {
      this.fail(reason);
    }
  }

  /** Ends the iteration with this exception. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#changed?.();
  }

  /**
   * Runs a function of the script and everything that it starts.
   *
   * @returns the result, or that of its promise; undefined if the promise never settles, as in k6
   * @throws the exception of the function, its promise or a callback
   */
  async runToEnd(start: () => unknown): Promise<unknown> {
    this.#failure = undefined;
    let value: unknown;
    try {
      const returned = start();
      if (isThenable(returned)) {
        returned.then(
          (result) => {
            value = result;
          },
          (reason: unknown) => this.fail(reason),
        );
      } else value = returned;
      await this.#untilIdle();
    } finally {
      for (const cancel of this.#held) cancel();
      this.#held.clear();
    }
    const failure = this.#takeFailure();
    if (failure !== undefined) throw failure.reason;
    return value;
  }

  #takeFailure(): { reason: unknown } | undefined {
    return this.#failure;
  }

  async #untilIdle(): Promise<void> {
    // In a turn of Node's loop all microtasks run, which may start new timers and requests.
    await nextTurn();
    while (this.#held.size > 0 && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
      this.#changed = undefined;
      await nextTurn();
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}
