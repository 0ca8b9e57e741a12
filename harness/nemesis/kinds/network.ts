/** The router, and the links between it, the instances and Redis. */
import type { Peer } from "../../platform/platform.ts";
import { disturbFor, chooseInstance, msOf, type CarryOut } from "../bounce-context.ts";

export const routerRestart: CarryOut = (context) => {
  const { router } = context.deployment;
  return disturbFor(context, router.name, {
    begin: () => router.kill(),
    forMs: msOf(context, "router-restart"),
    end: () => router.start(),
  });
};

/** One instance, which the seed chooses, loses its way to one other component. */
const partition =
  (kind: "redis-partition" | "router-partition", peer: Peer): CarryOut =>
  async (context) => {
    const { links } = context.deployment;
    const target = chooseInstance(context);
    if (target === undefined) return;
    if (!links) {
      context.log.failed(target, "the deployment was started without relays in its links");
      return;
    }
    await disturbFor(context, target, {
      begin: () => links.cut(target, peer),
      forMs: msOf(context, kind),
      end: () => links.mend(target, peer),
      overAtOnce: true,
    });
  };

export const redisPartition = partition("redis-partition", "redis");
export const routerPartition = partition("router-partition", "router");
