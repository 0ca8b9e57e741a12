/** What happens to Redis, which carries the events between the instances. */
import type { BrokerComponent } from "../../platform/platform.ts";
import {
  disturbFor,
  msOf,
  reasonOf,
  type BounceContext,
  type CarryOut,
} from "../bounce-context.ts";

/** The target if the deployment has no Redis. */
const REDIS = "redis";

const onRedis =
  (carryOut: (context: BounceContext, broker: BrokerComponent) => Promise<void>): CarryOut =>
  async (context) => {
    const { broker } = context.deployment;
    if (broker) await carryOut(context, broker);
    else context.log.failed(REDIS, "the deployment runs no Redis");
  };

export const redisOutage = onRedis((context, broker) =>
  disturbFor(context, broker.name, {
    begin: () => broker.kill(),
    forMs: msOf(context, "redis-outage"),
    end: () => broker.start(),
  }),
);

export const redisPause = onRedis((context, broker) =>
  disturbFor(context, broker.name, {
    begin: () => broker.pause(),
    forMs: msOf(context, "redis-pause"),
    end: () => broker.resume(),
    overAtOnce: true,
  }),
);

export const redisFlush = onRedis((context, broker) =>
  disturbFor(context, broker.name, {
    begin: () => broker.flush(),
    forMs: 0,
    end: () => Promise.resolve(),
  }),
);

/** The replica is there before the failover begins, as in any set-up that can fail over. */
export const redisFailover = onRedis(async (context, broker) => {
  const { failover } = broker;
  if (!failover) {
    context.log.failed(broker.name, "the platform cannot move the address of Redis");
    return;
  }
  try {
    await failover.replicate();
  } catch (error) {
    context.log.failed(broker.name, reasonOf(error));
    return;
  }
  await disturbFor(context, broker.name, {
    begin: () => failover.promote(),
    forMs: msOf(context, "redis-failover"),
    end: () => failover.retire(),
  });
});
