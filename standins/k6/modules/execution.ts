import type { K6Module, VuContext } from "../vu/vu-context.ts";

/** The module `k6/execution`: the position of the script in the test. */
export const executionModule: K6Module = (vu) => ({
  vu: vuInfo(vu),
  scenario: scenarioInfo(vu),
  instance: instanceInfo(vu),
  test: testControl(vu),
});

function vuInfo(vu: VuContext): unknown {
  const metrics = getters(vu, "vu", { tags: () => vu.userTags });
  return getters(vu, "vu", {
    idInTest: () => vu.data.idInTest,
    idInInstance: () => vu.data.idInInstance,
    iterationInInstance: () => vu.iteration,
    iterationInScenario: () => vu.iteration,
    tags: () => vu.userTags,
    metrics: () => metrics,
  });
}

function scenarioInfo(vu: VuContext): unknown {
  const scenario = () => {
    if (vu.scenario === undefined) {
      throw vu.realm.error(
        "getting scenario information outside of the VU context is not supported",
      );
    }
    return vu.scenario;
  };
  return getters(vu, "scenario", {
    name: () => scenario().name,
    // `K6_DOUBLE_EXECUTOR` stands for switches like --vus, which replace the script's scenario.
    executor: () => vu.data.env["K6_DOUBLE_EXECUTOR"] ?? scenario().executor,
    startTime: () => scenario().startTime,
    progress: () => Math.min(1, (Date.now() - scenario().startTime) / scenario().maxDurationMs),
  });
}

function instanceInfo(vu: VuContext): unknown {
  const counters = new Int32Array(vu.data.counters);
  const count = (index: number) => () => Atomics.load(counters, index);
  return getters(vu, "instance", {
    iterationsCompleted: count(0),
    iterationsInterrupted: count(1),
    vusActive: count(2),
    vusInitialized: count(3),
    currentTestRunDuration: () => performance.timeOrigin + performance.now() - vu.testStartedAt,
  });
}

function testControl(vu: VuContext): unknown {
  const control = vu.realm.object();
  control["abort"] = (reason?: string) => {
    vu.link.tell({ note: "abort", reason: reason ?? "" });
    // The main thread ends this thread: no more code of the script runs, not even a `finally`.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  control["fail"] = () => vu.link.tell({ note: "mark-failed" });
  return control;
}

/** An object of the script's realm with getters, which the init context may not use. */
function getters(vu: VuContext, what: string, properties: Record<string, () => unknown>): unknown {
  const target = vu.realm.object();
  for (const [name, get] of Object.entries(properties)) {
    Object.defineProperty(target, name, {
      enumerable: true,
      get: () => {
        if (vu.phase === "init") {
          throw vu.realm.error(`getting ${what} information in the init context is not supported`);
        }
        return get();
      },
    });
  }
  return target;
}
