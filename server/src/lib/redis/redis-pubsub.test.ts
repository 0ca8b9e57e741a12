import { pino } from "pino";
import { expect, test } from "vitest";
import type { RedisConnection } from "./redis-connection.ts";
import { MAX_UNCONFIRMED_CHARS, RedisPubSub } from "./redis-pubsub.ts";

test("counts as down while unconfirmed messages have reached their size, and not before", async () => {
  const confirmations: (() => void)[] = [];
  const connection = {
    problem: undefined,
    client: {
      status: "ready",
      on() {},
      publish: async () => new Promise<void>((resolve) => confirmations.push(resolve)),
    },
    duplicate: () => connection,
    onCheck: () => () => {},
    close: async () => {},
  };
  const link = new RedisPubSub({
    redis: connection as unknown as RedisConnection,
    logger: pino({ level: "silent" }),
    ownChannel: "own",
    onState: () => {},
    onPublishFailure: () => {},
  });
  const message = "x".repeat(MAX_UNCONFIRMED_CHARS / 8);
  for (let sent = 1; sent < 8; sent++) link.publish("c", message);
  expect(link.canPublish).toBe(true);
  link.publish("c", message);
  expect(link.canPublish).toBe(false);
  confirmations[0]?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect(link.canPublish).toBe(true);
  await link.close();
});
