import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ComponentUsage } from "../../platform.ts";
import { identityOf } from "../../../../common/processes/process-identity.ts";
import { readUsage } from "./read-usage.ts";
import { createTestLab, type TestLab } from "../test-support/test-lab.ts";

let lab: TestLab;
beforeEach(() => {
  lab = createTestLab();
});
afterEach(() => lab.close());

const MB = 1e6;
const onLinux = test.skipIf(process.platform !== "linux");
const of = (readings: readonly ComponentUsage[], part: string): ComponentUsage => {
  const found = readings.find((one) => one.part === part);
  if (!found) throw new Error(`no reading of ${part}`);
  return found;
};

onLinux(
  "reads every component; CPU time grows with work, and a new process starts at 0",
  async () => {
    const deployment = await lab.up("phase2", { replicas: 2 });
    const { url, control } = deployment;
    const usage = (): Promise<ComponentUsage[]> => deployment.usage();
    const first = await usage();
    expect(first.map(({ part, role, source }) => `${role} ${part} ${source}`).sort()).toEqual([
      "broker valkey procfs",
      "router traefik procfs",
      "server server-1 procfs",
      "server server-2 procfs",
    ]);
    for (const { memoryBytes } of first) expect(memoryBytes).toBeGreaterThan(0.2 * MB);
    expect(of(first, "server-1").memoryBytes).toBeGreaterThan(10 * MB);
    expect(of(first, "server-1").memoryBytes).toBeLessThan(500 * MB);

    await vi.waitFor(
      async () => {
        await Promise.all(
          Array.from({ length: 100 }, () => fetch(`${url}/healthz`).then((one) => one.text())),
        );
        const later = await usage();
        for (const part of ["server-1", "server-2", "traefik"]) {
          expect(of(later, part).cpuSeconds).toBeGreaterThan(of(first, part).cpuSeconds);
          expect(of(later, part).incarnation).toBe(of(first, part).incarnation);
          expect(of(later, part).atMs).toBeGreaterThan(of(first, part).atMs);
        }
      },
      { timeout: 20_000 },
    );

    await control.kill("server-2");
    expect((await usage()).map(({ part }) => part)).not.toContain("server-2");
    await control.start("server-2");
    expect(of(await usage(), "server-2").incarnation).not.toBe(of(first, "server-2").incarnation);
  },
);

onLinux("CPU time is in seconds: what a process says of itself", async () => {
  const script = `
    const cpuSeconds = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };
    while (cpuSeconds() < 0.4);
    const say = () => console.log(JSON.stringify({ rss: process.memoryUsage().rss, cpuSeconds: cpuSeconds() }));
    process.stdin.on("data", say);
    say();`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["pipe", "pipe", "ignore"] });
  try {
    const said = async (): Promise<{ rss: number; cpuSeconds: number }> => {
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      return JSON.parse(line.toString()) as { rss: number; cpuSeconds: number };
    };
    const before = await said();
    const identity = identityOf(child.pid ?? 0);
    if (!identity) throw new Error("the process is not there");
    const [usage] = readUsage([{ component: "child", role: "server", identity }]);
    child.stdin.write("again");
    const after = await said();
    // User and system time are each rounded down to a tick of the kernel's clock.
    expect(usage?.cpuSeconds).toBeGreaterThanOrEqual(before.cpuSeconds - 0.02);
    expect(usage?.cpuSeconds).toBeLessThanOrEqual(after.cpuSeconds + 0.02);
    expect(usage?.memoryBytes).toBeLessThan(after.rss);
    const another = { ...identity, startTime: "another boot:1" };
    expect(readUsage([{ component: "child", role: "server", identity: another }])).toEqual([]);
  } finally {
    child.kill("SIGKILL");
  }
});
