import { defineConfig } from "vitest/config";

/** The tests that need a Docker engine: `make test-docker`. */
export default defineConfig({
  test: {
    include: ["{infra,harness,server,standins}/**/*.docker.test.ts"],
    globalSetup: ["harness/test-setup/test-tools.ts", "harness/test-setup/test-docker-tools.ts"],
    retry: 0,
    testTimeout: 300_000,
    hookTimeout: 600_000,
    // One engine and two cores: stacks that come up side by side would only make each other late.
    maxWorkers: 1,
    fileParallelism: false,
  },
});
