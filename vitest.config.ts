import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{common,infra,harness,server,standins,loadtests}/**/*.test.ts"],
    // They need a Docker engine: `make test-docker`.
    exclude: ["**/node_modules/**", "**/*.docker.test.ts"],
    globalSetup: ["harness/test-setup/test-tools.ts"],
    // A measuring test that is retried is a deleted observation.
    retry: 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Real routers and brokers run beside the tests: more forks than cores only make each other late.
    maxWorkers: 2,
  },
});
