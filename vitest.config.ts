import { defineConfig } from "vitest/config";

/** Real routers and brokers: `make test-fast` leaves these out. */
const REAL = "**/*.real.test.ts";
/** Comparisons that measure: they start when everything else is over, so that runs can be judged. */
const MEASURING = "**/*.measure.test.ts";
/** They need a Docker engine: `make test-docker`. */
const DOCKER = "**/*.docker.test.ts";

/** Most tests wait for sockets and processes, so six workers keep two cores busy. */
const WORKERS = 6;

const rooms = "{common,infra,harness,server,standins,loadtests}";

/** Tests of functions alone. They share modules, so that a file loads in a fraction of the time. */
const PURE = "harness/{checker,report,scenario,history}/**/*.test.ts";

const common = {
  // A measuring test that is retried is a deleted observation.
  retry: 0,
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    // Once, before the first project.
    globalSetup: ["harness/test-setup/test-tools.ts", "harness/test-setup/busy-host-limit.ts"],
    projects: [
      {
        test: {
          ...common,
          name: "fast",
          include: [`${rooms}/**/*.test.ts`],
          exclude: ["**/node_modules/**", DOCKER, REAL, MEASURING, PURE],
          maxWorkers: WORKERS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: "fast and pure",
          include: [PURE],
          exclude: [DOCKER, REAL, MEASURING],
          isolate: false,
          maxWorkers: WORKERS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          // Projects run in the order of their names, and these files take longest.
          name: "brokers and routers",
          include: [`${rooms}/${REAL}`],
          maxWorkers: WORKERS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: "measure",
          include: [`${rooms}/${MEASURING}`],
          // Their loads are small, and they mostly wait for the end of a run.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
