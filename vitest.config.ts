import { defineConfig } from "vitest/config";

/** Real routers and brokers: `make test-fast` leaves these out. */
const REAL = "**/*.real.test.ts";
/**
 * Comparisons that measure: alone on the machine, one after the other, so that runs can be judged.
 */
const MEASURING = "**/*.measure.test.ts";
/** They need a Docker engine: `make test-docker`. */
const DOCKER = "**/*.docker.test.ts";

const rooms = "{common,infra,harness,server,standins,loadtests}";

export default defineConfig({
  test: {
    globalSetup: ["harness/test-setup/test-tools.ts", "harness/test-setup/busy-host-limit.ts"],
    // A measuring test that is retried is a deleted observation.
    retry: 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "fast",
          include: [`${rooms}/**/*.test.ts`],
          exclude: ["**/node_modules/**", DOCKER, REAL, MEASURING],
          // Most of these wait for sockets and processes, so four workers keep two cores busy.
          maxWorkers: 4,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "real",
          include: [`${rooms}/${REAL}`],
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "measure",
          include: [`${rooms}/${MEASURING}`],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
