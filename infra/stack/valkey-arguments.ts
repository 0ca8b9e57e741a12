import type { Broadcaster } from "../topologies.ts";

/**
 * What Valkey keeps on its disk. For pub/sub: nothing, as a snapshot would disturb the figures. A
 * log of events is written to a file before Valkey answers, so that it survives a restart.
 */
export const valkeyArguments = (broadcaster: Broadcaster): string[] => [
  "--save",
  "",
  "--appendonly",
  broadcaster === "redis-streams" ? "yes" : "no",
  // One replica joins at a time, so there is no second one to wait for.
  "--repl-diskless-sync-delay",
  "0",
];
