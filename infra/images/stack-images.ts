import type { StackImages } from "../stack/stack-args.ts";
import type { Topology } from "../topologies.ts";
import type { PreparedImages } from "./prepared-image.ts";

/**
 * The ids of the images that a stack of this topology starts.
 *
 * @throws Error if the image of the topology's router is missing
 */
export const stackImages = (topology: Topology, prepared: PreparedImages): StackImages => {
  const router = prepared[topology.router];
  if (!router) throw new Error(`no ${topology.router} image was prepared for ${topology.name}`);
  const { server, valkey, realtime, postgres, "realtime-standin": realtimeStandin } = prepared;
  return {
    server: server.id,
    router: router.id,
    ...(valkey ? { broker: valkey.id } : {}),
    ...(realtime ? { realtime: realtime.id } : {}),
    ...(postgres ? { postgres: postgres.id } : {}),
    ...(realtimeStandin ? { realtimeStandin: realtimeStandin.id } : {}),
  };
};
