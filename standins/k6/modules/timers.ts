import type { K6Module, VuContext } from "../vu/vu-context.ts";

type Callback = (...args: unknown[]) => unknown;

/** The timers, which are also globals. The iteration goes on while one is pending. */
export const timersModule: K6Module = (vu) => {
  const pending = new Map<number, () => void>();
  let lastId = 0;
  const start =
    (repeat: boolean) =>
    (callback: unknown, delay?: unknown, ...args: unknown[]) => {
      if (typeof callback !== "function") {
        throw vu.realm.error("setTimeout's callback isn't a callable function", "TypeError");
      }
      const id = ++lastId;
      pending.set(
        id,
        startTimer(
          vu,
          repeat,
          () => (callback as Callback)(...args),
          Number(delay ?? 0),
          () => pending.delete(id),
        ),
      );
      return id;
    };
  const clear = (id: number) => pending.get(id)?.();
  return {
    setTimeout: start(false),
    setInterval: start(true),
    clearTimeout: clear,
    clearInterval: clear,
  };
};

/** @returns a function that stops the timer */
function startTimer(
  vu: VuContext,
  repeat: boolean,
  run: () => unknown,
  delayMs: number,
  ended: () => void,
): () => void {
  const stop = () => {
    clearInterval(timer);
    ended();
    release();
  };
  const timer = setInterval(() => {
    if (!repeat) {
      clearInterval(timer);
      ended();
    }
    vu.loop.run(run);
    if (!repeat) release();
  }, delayMs);
  const release = vu.loop.hold(() => clearInterval(timer));
  return stop;
}
