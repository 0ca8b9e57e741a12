import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTestLab, type TestLab } from "./local/test-support/test-lab.ts";
import { routerStatus } from "./router-status.ts";

let lab: TestLab;
beforeEach(() => {
  lab = createTestLab();
});
afterEach(() => lab.close());

test.each([
  ["traefik", "phase1"],
  ["haproxy", "phase1-header"],
] as const)("%s tells which servers get traffic, by their names", async (kind, topology) => {
  const { dashboardUrl, instanceUrls, control } = await lab.up(topology);
  const opsUrl = new URL(dashboardUrl).origin;
  const servers = Object.entries(instanceUrls).map(([name, url]) => ({ name, url }));
  const status = async (): Promise<Record<string, string>> =>
    Object.fromEntries(await routerStatus(kind, opsUrl, servers, AbortSignal.timeout(2000)));
  expect(await status()).toEqual({ "server-1": "UP", "server-2": "UP", "server-3": "UP" });
  await control.kill("server-2");
  await vi.waitFor(
    async () =>
      expect(await status()).toEqual({ "server-1": "UP", "server-2": "DOWN", "server-3": "UP" }),
    { timeout: 10_000 },
  );
  await control.start("server-2");
  expect(await status()).toEqual({ "server-1": "UP", "server-2": "UP", "server-3": "UP" });
  const unknown = [{ name: "server-9", url: "http://127.0.0.1:9" }];
  const asked = await routerStatus(kind, opsUrl, unknown, AbortSignal.timeout(2000));
  expect([...asked]).toEqual([["server-9", "DOWN"]]);
});

test.each(["traefik", "haproxy"] as const)(
  "no %s that answers is an error, and no DOWN",
  async (kind) => {
    const asked = routerStatus(kind, "http://127.0.0.1:1", [], AbortSignal.timeout(2000));
    await expect(asked).rejects.toThrow("fetch failed");
  },
);
