/** What bounces and a deploy do to the parts of one stack of real containers. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { connectDocker } from "../../../infra/engine/docker-client.ts";
import { recordArgs } from "../../../infra/stack/record-args.ts";
import { stackRecords } from "../../../infra/stack/stack-record.ts";
import { TOPOLOGIES } from "../../../infra/topologies.ts";
import { connectRedis, type RedisClient } from "../ask-redis.ts";
import type { BrokerComponent } from "../platform.ts";
import { bringUp } from "./bring-up.ts";
import { addressOf } from "./control/container-control.ts";
import type { DockerDeployment } from "./docker-deployment.ts";

const PATIENCE = { timeout: 15_000, interval: 100 };

const folder = mkdtempSync(join(tmpdir(), "sse-lab-docker-faults-"));
const told: string[] = [];
let deployment: DockerDeployment;
let broker: BrokerComponent;

beforeAll(async () => {
  deployment = await bringUp({
    topology: TOPOLOGIES.find(({ name }) => name === "phase2")!,
    replicas: 2,
    redis: "up",
    relays: true,
    workDir: join(folder, "phase2"),
    onInstance: (instance, state) => told.push(`${instance} ${state}`),
    onComponentExit: (component) => told.push(`exit of ${component}`),
  });
  broker = deployment.broker!;
}, 180_000);
afterAll(async () => {
  await deployment.down();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const connected = async (): Promise<RedisClient> => {
  const { docker } = await connectDocker();
  return connectRedis(await addressOf(docker, `${deployment.id}-valkey`), 6379);
};

/** Does it answer within half a second? */
const answers = (asked: Promise<unknown>): Promise<boolean> =>
  Promise.race([
    asked.then(
      () => true,
      () => false,
    ),
    new Promise<false>((resolve) => setTimeout(() => resolve(false), 500)),
  ]);

const brokerStates = (): Promise<unknown[]> =>
  Promise.all(
    Object.values(deployment.instanceUrls).map(async (url) => {
      const answer = await fetch(`${url}/readyz`);
      return ((await answer.json()) as { broker: unknown }).broker;
    }),
  );

test("Redis freezes, is emptied, and is killed and started", async () => {
  using redis = await connected();
  await redis.ask("SET", "kept", "yes");
  await broker.pause();
  expect(await answers(redis.ask("PING"))).toBe(false);
  await broker.resume();
  expect(await redis.ask("GET", "kept")).toBe("yes");
  await broker.flush();
  expect(await redis.ask("EXISTS", "kept")).toBe("0");
  await broker.kill();
  await vi.waitFor(async () => expect(await brokerStates()).toEqual(["down", "down"]), PATIENCE);
  await expect(broker.kill()).rejects.toThrow("valkey was not running");
  await broker.start();
  await vi.waitFor(async () => expect(await brokerStates()).toEqual(["up", "up"]), PATIENCE);
}, 60_000);

test("a replica takes Redis over twice, and servers leave the demoted primary", async () => {
  for (const [name, other] of [
    ["valkey", "valkey-2"],
    ["valkey-2", "valkey"],
  ]) {
    expect(broker.name).toBe(name);
    await broker.failover!.replicate();
    await broker.failover!.promote();
    expect(broker.name).toBe(other);
    await broker.failover!.retire();
    await vi.waitFor(async () => expect(await brokerStates()).toEqual(["up", "up"]), PATIENCE);
    const { docker } = await connectDocker();
    using redis = await connectRedis(await addressOf(docker, `${deployment.id}-${other}`), 6379);
    const subscribers = async (): Promise<number> =>
      (await redis.ask("CLIENT", "LIST", "TYPE", "pubsub")).split("\n").filter(Boolean).length;
    await vi.waitFor(async () => expect(await subscribers()).toBe(2), PATIENCE);
    const measured = (await deployment.usage()).map(({ part }) => part);
    expect(measured.filter((part) => part.startsWith("valkey"))).toEqual(["valkey"]);
  }
}, 60_000);

test("one instance loses Redis and nothing else, and has it back", async () => {
  await deployment.links!.cut("server-1", "redis");
  await vi.waitFor(async () => expect(await brokerStates()).toEqual(["down", "up"]), PATIENCE);
  await deployment.links!.mend("server-1", "redis");
  await vi.waitFor(async () => expect(await brokerStates()).toEqual(["up", "up"]), PATIENCE);
  await expect(deployment.links!.cut("server-1", "router")).rejects.toThrow("one link to cut");
}, 60_000);

test("an instance drains, stays away, and comes back", async () => {
  const scale = deployment.scale!;
  expect(scale.running()).toEqual(["server-1", "server-2"]);
  await scale.remove("server-2", 10_000);
  expect(scale.running()).toEqual(["server-1"]);
  expect(told.at(-1)).toBe("server-2 stopped");
  await expect(scale.remove("server-2", 10_000)).rejects.toThrow("server-2 was not running");
  await deployment.control.start("server-2");
  expect(scale.running()).toEqual(["server-1", "server-2"]);
}, 40_000);

test("the router is killed and starts again at its address", async () => {
  await deployment.router.kill();
  await expect(fetch(`${deployment.url}/readyz`)).rejects.toThrow();
  await deployment.router.start();
  expect((await fetch(`${deployment.url}/readyz`)).status).toBe(200);
}, 40_000);

test("an instance freezes and wakes up", async () => {
  const url = `${deployment.instanceUrls["server-2"] ?? ""}/readyz`;
  await deployment.control.pause("server-2");
  expect(await answers(fetch(url))).toBe(false);
  await deployment.control.resume("server-2");
  await vi.waitFor(async () => expect((await fetch(url)).status).toBe(200), PATIENCE);
});

test("no exit is reported, because bounces caused them", () => {
  expect(told.filter((one) => !/ (started|ready|not-ready|stopped)$/.test(one))).toEqual([]);
});

test("a rolling deploy awaits its hook before it touches the next instance", async () => {
  const record = stackRecords().read(deployment.id)!;
  const order: string[] = [];
  await deployment.pulumi.up(
    { ...recordArgs(record), revision: "2" },
    {
      parallel: 1,
      onResource: ({ name, op, state }) => {
        if (op === "delete-replaced" && state === "started") order.push(`${name} replaced`);
      },
      afterCreate: async (name) => {
        // Longer than Pulumi takes from the end of one instance to the beginning of the next.
        await delay(2_000);
        order.push(`${name} waited for`);
      },
    },
  );
  const [first, , second] = order.map((line) => line.split(" ")[0]!);
  expect([first, second].sort()).toEqual(["server-1", "server-2"]);
  expect(order).toEqual(
    [first!, second!].flatMap((name) => [`${name} replaced`, `${name} waited for`]),
  );
});
