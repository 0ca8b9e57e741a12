/**
 * Every program that the lab starts, by name: the command line, and what runs in a thread or a
 * process beside it. Paths are relative to the checkout's root.
 */
export const PROGRAMS = {
  "sse-lab": "harness/cli/main.ts",
  "load-worker": "harness/load/native/workers/load-worker.ts",
  reaper: "common/reaper/reaper.ts",
  relay: "harness/platform/local/relay/relay.ts",
  "install-official-cli": "infra/toolchain/install-official-cli.ts",
  "k6-double": "standins/k6/host/main.ts",
};
