import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { parseSetCookie } from "set-cookie-parser";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { streamSettings } from "../../../infra/stack/server-settings.ts";
import { AFFINITY_COOKIE } from "../../../infra/routers/traefik-config.ts";
import { nowMs } from "../../../common/clock.ts";
import type { LocalDeployment } from "./local-deployment.ts";
import { createTestLab, processesOf, type TestLab } from "./test-support/test-lab.ts";
import { listeningSockets } from "./test-support/listening-sockets.ts";

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
  const answer = await fetch(`${url}/healthz`, {
    signal,
    headers: cookie === undefined ? {} : { cookie },
  });
  const { instance } = (await answer.json()) as { instance: string };
  const set = parseSetCookie(answer.headers.getSetCookie()).find(
    (one) => one.name === AFFINITY_COOKIE,
  );
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
  const dashboard = await fetch(deployment.dashboardUrl);
  expect(dashboard.status).toBe(200);
  await deployment.down();
  await deployment.down();
  expect(processesOf(deployment.workDir)).toEqual([]);
  expect(existsSync(deployment.workDir)).toBe(false);
  expect(lab.stateFiles()).toEqual([]);
});

test("a scenario's settings reach the streams: retry and heartbeat", async () => {
  const serverSettings = streamSettings({ retryMs: 321, heartbeat: 0.1, leaseMs: 2000 });
  const { url } = await lab.up("phase0", { serverSettings });
  const created = await fetch(`${url}/api/sessions`, { method: "POST" });
  const { sessionId, token } = (await created.json()) as { sessionId: string; token: string };
  const stop = new AbortController();
  const answer = await fetch(`${url}/api/sessions/${sessionId}/events?token=${token}`, {
    signal: stop.signal,
  });
  let text = "";
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes(": heartbeat")) break;
  }
  stop.abort();
  expect(text).toMatch(/^retry: 321$/m);
});

test("phase2 has a real broker, and a bounced instance returns to its address", async () => {
  const deployment = await lab.up("phase2");
  expect(deployment.versions).toHaveProperty("valkey");
  expect((await ask(deployment.url)).cookie).toBeUndefined();
  lab.reports.length = 0;
  await deployment.control.stop("server-2", 10_000);
  await deployment.control.stop("server-2", 10_000);
  await vi.waitFor(
    async () => expect(await routedTo(deployment.url)).toEqual(["server-1", "server-3"]),
    {
      timeout: 10_000,
    },
  );
  await deployment.control.start("server-2");
  await deployment.control.start("server-2");
  expect(await routedTo(deployment.url)).toEqual(deployment.instances);
  await deployment.control.kill("server-2");
  await expect(deployment.control.kill("server-2")).rejects.toThrow(
    "server-2 was not running: the bounce would disturb nothing",
  );
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

test("the router's health check removes an instance that hangs until it continues", async () => {
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
  await vi.waitFor(
    async () => expect(await routedTo(deployment.url, 4)).toEqual(deployment.instances),
    {
      timeout: 20_000,
    },
  );
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

test("phase2 starts with its broker stopped, and the servers know its address", async () => {
  const deployment = await lab.up("phase2", { redis: "stopped" });
  expect(deployment.versions).not.toHaveProperty("valkey");
  expect(processesOf(deployment.workDir).filter((line) => line.includes("valkey-server"))).toEqual(
    [],
  );
  expect(await routedTo(deployment.url)).toEqual(deployment.instances);
  const [ledger] = await deployment.ledgers();
  expect(await readFile(ledger?.path ?? "", "utf8")).toContain('"broadcaster":"redis"');
});

test.skipIf(process.platform !== "linux")(
  "everything listens on 127.0.0.1 only: router, its API, broker and every server",
  async () => {
    const deployment = await lab.up("phase2");
    const pids = processesOf(deployment.workDir).map((line) => Number.parseInt(line, 10));
    // Three servers, router, broker, reaper.
    expect(pids).toHaveLength(6);
    const sockets = listeningSockets(pids);
    expect(sockets).toHaveLength(6);
    expect(sockets.filter((socket) => !socket.startsWith("127.0.0.1:"))).toEqual([]);
    const urls = [
      deployment.url,
      deployment.dashboardUrl,
      ...Object.values(deployment.instanceUrls),
    ];
    expect(sockets).toEqual(expect.arrayContaining(urls.map((url) => new URL(url).host)));
  },
);

test.skipIf(process.platform !== "linux")(
  "a socket that is open to other hosts is seen as one",
  async () => {
    const servers = ["0.0.0.0", "::"].map((host) => createServer().listen(0, host));
    await Promise.all(servers.map((server) => once(server, "listening")));
    const [ipv4, ipv6] = servers.map((server) => (server.address() as AddressInfo).port);
    const sockets = listeningSockets([process.pid]);
    expect(sockets).toContain(`0.0.0.0:${ipv4}`);
    expect(sockets).toContain(`ipv6 ${"0".repeat(32)}:${ipv6}`);
    for (const server of servers) server.close();
  },
);

test("an unexpected exit of a router or broker is reported with its time", async () => {
  const exits: { part: string; atMs: number }[] = [];
  const onComponentExit = (part: string, atMs: number): void => void exits.push({ part, atMs });
  const deployment = await lab.up("phase2", { replicas: 1, onComponentExit });
  const pids = processesOf(deployment.workDir);
  const pidWhere = (name: string): number =>
    Number.parseInt(pids.find((line) => line.includes(name)) ?? "", 10);
  const beforeMs = nowMs();
  process.kill(pidWhere("--configFile="), "SIGKILL");
  await vi.waitFor(() =>
    expect(exits).toEqual([{ part: "traefik", atMs: expect.any(Number) as number }]),
  );
  expect(exits[0]?.atMs).toBeGreaterThanOrEqual(beforeMs);
  expect(exits[0]?.atMs).toBeLessThanOrEqual(nowMs());

  process.kill(pidWhere("/broker/"), "SIGKILL");
  await vi.waitFor(() => expect(exits.map(({ part }) => part)).toEqual(["traefik", "valkey"]));

  const other = await lab.up("phase2", { replicas: 1, onComponentExit });
  await other.down();
  expect(exits).toHaveLength(2);
});
