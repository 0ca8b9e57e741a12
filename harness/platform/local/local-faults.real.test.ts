import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { routerStatus } from "../router-status.ts";
import type { BrokerComponent, LinkControl } from "../platform.ts";
import type { LocalDeployment } from "./local-deployment.ts";
import { createTestLab, type TestLab } from "./test-support/test-lab.ts";

const PATIENCE = { timeout: 15_000, interval: 50 };

let lab: TestLab;
let deployment: LocalDeployment;
let broker: BrokerComponent;
let links: LinkControl;
let state: { broker: { port: number }; opsUrl: string; routed: { name: string; url: string }[] };
const exits: string[] = [];
const clients: Redis[] = [];

beforeAll(async () => {
  lab = createTestLab();
  deployment = await lab.up("phase2-durable", {
    replicas: 2,
    relays: true,
    onComponentExit: (component) => exits.push(component),
  });
  state = JSON.parse(
    readFileSync(join(lab.stateDir, `${deployment.id}.json`), "utf8"),
  ) as typeof state;
  broker = deployment.broker!;
  links = deployment.links!;
}, 60_000);
afterAll(async () => {
  for (const client of clients) client.disconnect();
  await lab.close();
});

/** A new connection to the address of Redis. It is never made again. */
const connected = async (): Promise<Redis> => {
  const redis = new Redis({ port: state.broker.port, lazyConnect: true, retryStrategy: null });
  redis.on("error", () => undefined);
  clients.push(redis);
  await redis.connect();
  return redis;
};

/** Does it answer within a quarter of a second? */
const answers = (asked: Promise<unknown>): Promise<boolean> =>
  Promise.race([
    asked.then(
      () => true,
      () => false,
    ),
    new Promise<false>((resolve) => setTimeout(() => resolve(false), 250)),
  ]);

const brokerOf = async (instance: string): Promise<unknown> => {
  const answer = await fetch(`${deployment.instanceUrls[instance] ?? ""}/readyz`);
  return ((await answer.json()) as { broker: unknown }).broker;
};

const routedTo = async (instance: string): Promise<string | undefined> => {
  const signal = AbortSignal.timeout(2_000);
  return (await routerStatus("traefik", state.opsUrl, state.routed, signal)).get(instance);
};

test("Redis is killed and starts again with the log that it had", async () => {
  const before = await connected();
  await before.set("kept", "yes");
  await broker.kill();
  await expect(connected()).rejects.toThrow();
  await expect(broker.kill()).rejects.toThrow("valkey was not running");
  await broker.start();
  expect(await (await connected()).get("kept")).toBe("yes");
});

test("Redis freezes with its connections open, and wakes up", async () => {
  const redis = await connected();
  await broker.pause();
  expect(await answers(redis.ping())).toBe(false);
  await broker.resume();
  expect(await redis.get("kept")).toBe("yes");
});

test("a failover moves the address of Redis and leaves open connections behind", async () => {
  const failover = broker.failover!;
  const old = await connected();
  for (const [primary, next] of [
    ["valkey", "valkey-2"],
    ["valkey-2", "valkey"],
  ] as const) {
    expect(broker.name).toBe(primary);
    const left = await connected();
    await failover.replicate();
    await failover.promote();
    expect(broker.name).toBe(next);
    expect((await left.role())[0]).toBe("slave");
    const costs = (await deployment.usage()).filter(({ role }) => role === "broker");
    expect(costs.map(({ part }) => part)).toEqual(["valkey"]);
    const moved = await connected();
    expect((await moved.role())[0]).toBe("master");
    expect(await moved.get("kept")).toBe("yes");
    await failover.retire();
    await expect(left.ping()).rejects.toThrow();
  }
  expect(old.status).toBe("end");
  const brokers = (await deployment.usage()).filter(({ role }) => role === "broker");
  expect(brokers.map(({ part }) => part)).toEqual(["valkey"]);
  // What the failover left is an ordinary primary.
  await broker.kill();
  await broker.start();
  const again = await connected();
  expect((await again.role())[0]).toBe("master");
  expect(await again.get("kept")).toBe("yes");
});

test("Redis is emptied", async () => {
  await broker.flush();
  expect(await (await connected()).get("kept")).toBeNull();
});

test("one instance loses Redis alone, and finds it again", async () => {
  await vi.waitFor(async () => expect(await brokerOf("server-1")).toBe("up"), PATIENCE);
  await links.cut("server-1", "redis");
  await vi.waitFor(async () => expect(await brokerOf("server-1")).toBe("down"), PATIENCE);
  expect(await brokerOf("server-2")).toBe("up");
  expect(await routedTo("server-1")).toBe("UP");
  await links.mend("server-1", "redis");
  await vi.waitFor(async () => expect(await brokerOf("server-1")).toBe("up"), PATIENCE);
  await expect(links.cut("server-9", "redis")).rejects.toThrow("no link between server-9");
}, 40_000);

test("one instance loses the router alone, and comes back", async () => {
  await links.cut("server-2", "router");
  await vi.waitFor(async () => expect(await routedTo("server-2")).toBe("DOWN"), PATIENCE);
  expect(await brokerOf("server-2")).toBe("up");
  await links.mend("server-2", "router");
  await vi.waitFor(async () => expect(await routedTo("server-2")).toBe("UP"), PATIENCE);
});

test("the router is killed and starts again", async () => {
  await deployment.router.kill();
  await expect(fetch(`${deployment.url}/readyz`)).rejects.toThrow();
  await deployment.router.start();
  expect((await fetch(`${deployment.url}/readyz`)).status).toBe(200);
});

test("an instance freezes and wakes up", async () => {
  await deployment.control.pause("server-2");
  expect(await answers(fetch(`${deployment.instanceUrls["server-2"] ?? ""}/readyz`))).toBe(false);
  await deployment.control.resume("server-2");
  await vi.waitFor(async () => expect(await routedTo("server-2")).toBe("UP"), PATIENCE);
});

test("no component's exit is reported, because bounces caused them", () => {
  expect(exits).toEqual([]);
  expect(lab.reports.filter((report) => report.endsWith("killed"))).toEqual([]);
});
