import { execa } from "execa";
import { expect, test } from "vitest";
import { fromRoot } from "../../common/paths.ts";

interface BenchResult {
  servers: { name: string; cpuUsPerEvent: number; ratio: number; eventsPerSecond: number }[];
}

test("the server bench measures the server beside each peer at one rate", async () => {
  const args = ["--import", "tsx", "server/bench/bench-server.ts", "--json"];
  const { stdout } = await execa(process.execPath, args, {
    cwd: fromRoot("."),
    env: { BENCH_SCALE: "0.2" },
  });
  const { servers } = JSON.parse(stdout) as BenchResult;
  expect(servers.map(({ name }) => name)).toEqual([
    "bare socket",
    "node:http",
    "express",
    "better-sse",
    "the lab's server",
    "the lab's server, ledger",
  ]);
  for (const { eventsPerSecond, cpuUsPerEvent } of servers) {
    expect(cpuUsPerEvent).toBeGreaterThan(0);
    expect(eventsPerSecond).toBeGreaterThan(0);
  }
  // Far from the goals of `make bench`: a small run on a busy host still sees a blunder.
  const own = servers.find(({ name }) => name === "the lab's server");
  expect(own?.ratio).toBeLessThan(4);
});

test("a scale that is no share is refused", async () => {
  const args = ["--import", "tsx", "server/bench/bench-server.ts"];
  const { stderr } = await execa(process.execPath, args, {
    cwd: fromRoot("."),
    env: { BENCH_SCALE: "2" },
    reject: false,
  });
  expect(stderr).toContain('BENCH_SCALE is "2": give a number above 0 and up to 1');
});
