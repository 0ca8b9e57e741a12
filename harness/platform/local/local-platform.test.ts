import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { parseSetCookie } from "set-cookie-parser";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LocalDeployment } from "./local-deployment.ts";
import { createTestLab, processesOf, type TestLab } from "./test-support/test-lab.ts";
import { AFFINITY_COOKIE } from "./traefik-config.ts";

let lab: TestLab;
beforeEach(() => {
  lab = createTestLab();
});
afterEach(() => lab.close());

/** Name of the instance that a request was routed to, and the cookie that the router set. */
const ask = async (
  url: string,
  cookie?: string,
): Promise<{ instance: string; cookie: string | undefined }> => {
  // A request that is routed to a hung instance is never answered.
  const signal = AbortSignal.timeout(1000);
  const answer = await fetch(`${url}/healthz`, { signal, headers: cookie === undefined ? {} : { cookie } });
  const { instance } = (await answer.json()) as { instance: string };
  const set = parseSetCookie(answer.headers.getSetCookie()).find((one) => one.name === AFFINITY_COOKIE);
  return { instance, cookie: set && `${set.name}=${set.value}` };
};

const routedTo = async (url: string, requests = 12): Promise<string[]> => {
  const names = new Set<string>();
  for (let i = 0; i < requests; i += 1) names.add((await ask(url)).instance);
  return [...names].sort();
};

const pidOf = async (deployment: LocalDeployment, instance: string): Promise<number> => {
  const ledgers = await deployment.ledgers();
  const newest = ledgers.findLast((one) => one.instance === instance);
  return Number.parseInt(newest?.path.match(/\.(\d+)\.ndjson$/)?.[1] ?? "", 10);
};

test("phase1 pins a client to one instance by a cookie, through real Traefik", async () => {
  const deployment = await lab.up("phase1");
  expect(deployment.instances).toEqual(["server-1", "server-2", "server-3"]);
  expect(deployment.versions).toHaveProperty("traefik");
  expect(await routedTo(deployment.url)).toEqual(deployment.instances);
  const first = await ask(deployment.url);
  expect(first.cookie).toBeDefined();
  for (let i = 0; i < 6; i += 1) {
    expect((await ask(deployment.url, first.cookie)).instance).toBe(first.instance);
  }
  const dashboard = await fetch(deployment.dashboardUrl ?? "");
  expect(dashboard.status).toBe(200);
  await deployment.down();
  await deployment.down();
  expect(processesOf(deployment.workDir)).toEqual([]);
  expect(existsSync(deployment.workDir)).toBe(false);
  expect(lab.stateFiles()).toEqual([]);
});

test("phase2 runs with a real broker, and a bounced instance leaves and comes back where it was", async () => {
  const deployment = await lab.up("phase2");
  expect(deployment.versions).toHaveProperty("valkey");
  expect((await ask(deployment.url)).cookie).toBeUndefined();
  lab.reports.length = 0;
  await deployment.control.stop("server-2", 10_000);
  await deployment.control.stop("server-2", 10_000);
  await vi.waitFor(async () => expect(await routedTo(deployment.url)).toEqual(["server-1", "server-3"]), {
    timeout: 10_000,
  });
  await deployment.control.start("server-2");
  await deployment.control.start("server-2");
  expect(await routedTo(deployment.url)).toEqual(deployment.instances);
  await deployment.control.kill("server-2");
  expect(lab.reports).toEqual([
    "server-2 not-ready",
    "server-2 stopped",
    "server-2 started",
    "server-2 ready",
    "server-2 killed",
  ]);
  const ledgers = await deployment.ledgers();
  expect(ledgers.filter((one) => one.instance === "server-2")).toHaveLength(2);
  expect(ledgers).toHaveLength(4);
  const kinds = await Promise.all(
    ledgers.map(async ({ path }) => (await readFile(path, "utf8")).split("\n")[0]),
  );
  for (const line of kinds) expect(line).toContain('"broadcaster":"redis"');
});

test("an instance that hangs is taken out by the router's health check, and back in when it goes on", async () => {
  const deployment = await lab.up("naive", { replicas: 2 });
  const pid = await pidOf(deployment, "server-1");
  process.kill(pid, "SIGSTOP");
  try {
    await vi.waitFor(async () => expect(await routedTo(deployment.url, 4)).toEqual(["server-2"]), {
      timeout: 20_000,
    });
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await vi.waitFor(async () => expect(await routedTo(deployment.url, 4)).toEqual(deployment.instances), {
    timeout: 20_000,
  });
});

test("two deployments run side by side; a stop with no grace is a kill", async () => {
  const [one, other] = await Promise.all([lab.up("phase0"), lab.up("phase0")]);
  lab.reports.length = 0;
  await one.control.stop("server-1", 0);
  expect(lab.reports).toEqual(["server-1 killed"]);
  await vi.waitFor(async () => expect((await fetch(`${one.url}/healthz`)).status).toBe(503), {
    timeout: 10_000,
  });
  await one.down();
  expect((await ask(other.url)).instance).toBe("server-1");
});

test("phase2 comes up with its broker stopped, and the servers know where it would be", async () => {
  const deployment = await lab.up("phase2", { redis: "stopped" });
  expect(deployment.versions).not.toHaveProperty("valkey");
  expect(processesOf(deployment.workDir).filter((line) => line.includes("valkey-server"))).toEqual([]);
  expect(await routedTo(deployment.url)).toEqual(deployment.instances);
  const [ledger] = await deployment.ledgers();
  expect(await readFile(ledger?.path ?? "", "utf8")).toContain('"broadcaster":"redis"');
});

test("everything listens on 127.0.0.1 only", async () => {
  const deployment = await lab.up("phase0");
  const { port } = new URL(deployment.url);
  // Another loopback address of the same host: a socket bound to 0.0.0.0 would answer here.
  const answer = await new Promise<string>((resolve) => {
    const socket = connect({ host: "127.0.0.2", port: Number(port) }, () => resolve("connected"));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    socket.once("connect", () => socket.destroy());
  });
  expect(answer).toBe("ECONNREFUSED");
});
