import { defineConfig } from "vitest/config";

/** What differs between versions of Node.js, in a minute: `make test-nodes`. */
export default defineConfig({
  test: {
    include: [
      "server/src/main.test.ts",
      "server/src/routes/sessions.test.ts",
      "server/src/lib/streams/*.test.ts",
      "harness/checker/fixtures.test.ts",
      "harness/cli/sse-lab.real.test.ts",
      "harness/history/history-file.test.ts",
      "harness/load/native/transport/*.test.ts",
      "harness/platform/local/local-platform*.test.ts",
      "loadtests/sse.test.ts",
    ],
    globalSetup: ["harness/test-setup/test-tools.ts"],
    retry: 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 4,
  },
});
