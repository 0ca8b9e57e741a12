import { Redis } from "ioredis";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startValkey, type TestValkey } from "../../../test-support/valkey.ts";
import type { InstanceLink } from "../instance-link.ts";
import { DurableRuns } from "./durable-runs.ts";

const PATIENCE = { timeout: 20_000, interval: 5 };
const PLAN = { events: 10, eventsPerSecond: 1, gates: 0, payloadBytes: 1, seed: 1 };
/** Each looks for runs at every beat, so it need not be told of a release. */
const link: InstanceLink = {
  up: true,
  publish: () => undefined,
  publishCounted: () => Promise.resolve(undefined),
  subscribe: () => undefined,
  unsubscribe: () => undefined,
  ready: () => Promise.resolve(),
};

let valkey: TestValkey;
let redis: Redis;
let started: DurableRuns[];
beforeEach(async () => {
  valkey = await startValkey();
  redis = new Redis(valkey.url);
  started = [];
});
afterEach(async () => {
  await Promise.all(started.map((runs) => runs.close()));
  redis.disconnect();
  await valkey.stop();
});

function instance(name: string, client = redis) {
  const claimed: string[] = [];
  const running = new Set<string>();
  const runs = new DurableRuns({
    redis: client,
    link,
    logger: pino({ level: "silent" }),
    origin: name,
    instance: name,
    clockId: "one",
    leaseMs: 400,
    sessionTtlS: 60,
    isRunning: (sessionId) => running.has(sessionId),
    onClaimed: ({ sessionId }) => {
      claimed.push(sessionId);
      running.add(sessionId);
    },
  });
  started.push(runs);
  return { runs, claimed, running };
}

test("a pipeline that is claimed while the drain begins goes on elsewhere", async () => {
  const giver = instance("giver");
  const created = await giver.runs.create("s1", "e1", PLAN, 0);
  if (created.taken) throw new Error("the run is new");
  await giver.runs.release("s1", created.fence);

  // The claim is on its way to Redis when the drain begins.
  const leaving: DurableRuns[] = [];
  const client = new Proxy(redis, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      if (key === "evalsha") for (const runs of leaving) runs.leave();
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  const leaver = instance("leaver", client);
  leaving.push(leaver.runs);
  leaver.runs.start();
  const owner = async () => redis.hget("sse:state:s1", "owner");
  await vi.waitFor(async () => expect(await redis.hget("sse:state:s1", "fence")).toBe("2"));
  await vi.waitFor(async () => expect(await owner()).not.toBe("leaver"), PATIENCE);
  expect(leaver.claimed).toEqual([]);

  const taker = instance("taker");
  taker.runs.start();
  await vi.waitFor(() => expect(taker.claimed).toEqual(["s1"]), PATIENCE);
});

/** Redis carries out scripts, but their answers come too late for their callers. */
const withoutAnswers = (client: Redis): { client: Redis; isLate: { value: boolean } } => {
  const isLate = { value: true };
  const late = new Proxy(client, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      const call = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
      if (key !== "evalsha" && key !== "eval") return call;
      return async (...args: unknown[]) => {
        const answer = await call(...args);
        if (isLate.value && key === "eval") throw new Error("Command timed out");
        return answer;
      };
    },
  });
  return { client: late, isLate };
};

test("a start that Redis carries out after its caller gave up runs in the end", async () => {
  const { client, isLate } = withoutAnswers(redis);
  const owner = instance("owner", client);
  owner.runs.start();
  await expect(owner.runs.create("s1", "e1", PLAN, 0)).rejects.toThrow("timed out");
  expect(await redis.hget("sse:state:s1", "owner")).toBe("owner");
  isLate.value = false;
  await vi.waitFor(() => expect(owner.claimed).toEqual(["s1"]), PATIENCE);
  expect(await redis.smembers("sse:owned:owner")).toEqual(["s1"]);
});

test("a take-over that Redis carries out after its caller gave up goes on in the end", async () => {
  const giver = instance("giver");
  const created = await giver.runs.create("s1", "e1", PLAN, 0);
  if (created.taken) throw new Error("the run is new");
  await giver.runs.release("s1", created.fence);
  const { client, isLate } = withoutAnswers(redis);
  const taker = instance("taker", client);
  taker.runs.start();
  await vi.waitFor(async () => expect(await redis.hget("sse:state:s1", "owner")).toBe("taker"));
  expect(taker.claimed).toEqual([]);
  isLate.value = false;
  await vi.waitFor(() => expect(taker.claimed).toEqual(["s1"]), PATIENCE);
});

test("a pipeline that runs here is never given away", async () => {
  const owner = instance("owner");
  const created = await owner.runs.create("s1", "e1", PLAN, 0);
  owner.running.add("s1");
  owner.runs.start();
  const stray = await owner.runs.create("s2", "e1", PLAN, 0);
  expect([created.taken, stray.taken]).toEqual([false, false]);
  await vi.waitFor(() => expect(owner.claimed).toEqual(["s2"]), PATIENCE);
  expect(await redis.hget("sse:state:s1", "fence")).toBe("1");
});
