import { type K6Module, type VuContext } from "../vu/vu-context.ts";

/** The module `k6`: sleep, check and fail. */
export const k6Module: K6Module = (vu) => ({
  sleep(seconds: unknown) {
    if (vu.phase === "init")
      throw vu.realm.error("using sleep() in the init context is not supported");
    const ms = Number(seconds) * 1000;
    // A VU has one thread: its timers and sockets wait too.
    if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  },

  check(value: unknown, sets: Record<string, unknown>, tags?: object) {
    if (vu.phase === "init")
      throw vu.realm.error("using check() in the init context is not supported");
    let allPassed = true;
    for (const [name, test] of Object.entries(sets))
      allPassed = checkOne(vu, name, test, value, tags) && allPassed;
    return allPassed;
  },

  fail(message?: string) {
    throw vu.realm.error(message ?? "");
  },
});

function checkOne(
  vu: VuContext,
  name: string,
  test: unknown,
  value: unknown,
  tags?: object,
): boolean {
  let passed = false;
  try {
    passed = Boolean(
      typeof test === "function" ? (test as (value: unknown) => unknown)(value) : test,
    );
  } finally {
    vu.link.tell({ note: "check", name, passed, tags: vu.tags({ ...tags, check: name }) });
  }
  return passed;
}
