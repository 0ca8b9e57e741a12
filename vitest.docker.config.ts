import { defineConfig } from "vitest/config";

const ALL = "{infra,harness,server,standins}/**/*.docker.test.ts";

/**
 * - The comparison measures: nothing else may run beside it.
 * - The build of the server image removes the images that other files would start.
 */
const ALONE = [
  "harness/run/docker-comparison.docker.test.ts",
  "infra/images/build/build-server-image.docker.test.ts",
];

const common = { retry: 0, testTimeout: 300_000, hookTimeout: 600_000 };

/** The tests that need a Docker engine: `make test-docker`. */
export default defineConfig({
  test: {
    // Once, before the first project.
    globalSetup: [
      "harness/test-setup/test-tools.ts",
      "harness/test-setup/test-docker-tools.ts",
      "harness/test-setup/busy-host-limit.ts",
    ],
    projects: [
      {
        test: {
          ...common,
          name: "side by side",
          include: [ALL],
          exclude: ["**/node_modules/**", ...ALONE],
          // Each file has stacks, labels and folders by its own name, and mostly waits for them.
          maxWorkers: 4,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: "alone",
          include: ALONE,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
