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
  const runs = new DurableRuns({
    redis: client,
    link,
    logger: pino({ level: "silent" }),
    origin: name,
    instance: name,
    clockId: "one",
    leaseMs: 400,
    sessionTtlS: 60,
    onClaimed: ({ sessionId }) => void claimed.push(sessionId),
  });
  started.push(runs);
  return { runs, claimed };
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
