/** Facts about the code that statements of the strategy speak of, counted from the sources. */
import { readFileSync } from "node:fs";
import { fromRoot } from "../../common/paths.ts";
import { REALTIME_TIERS, TIER_LIMITS } from "../../infra/realtime/realtime-settings.ts";
import { BROADCASTER_FLAGS, TOPOLOGIES, type Topology } from "../../infra/topologies.ts";

export interface Facts {
  /** Settings of the servers in which `phase1` differs from the same service without affinity. */
  phase1ServerSettings: number;
  /** Lines of code of the interface and its two implementations. */
  broadcasterLines: number;
  /** Lines of code of the connection to Redis, which rate limiting needs too. */
  redisLines: number;
  /** Lines of code that turn Realtime's messages into the typed events of a page. */
  adaptationLines: number;
  /** Streams that the plan "pro" of supabase.com allows a project, as published. */
  realtimeStreams: number;
}

export const BROADCASTER_FILES = [
  "server/src/lib/sse-broadcaster.ts",
  "server/src/lib/local-broadcaster.ts",
  "server/src/lib/redis/redis-broadcaster.ts",
  "server/src/lib/redis/redis-pubsub.ts",
] as const;
export const REDIS_FILES = [
  "server/src/lib/redis/redis-connection.ts",
  "server/src/lib/redis/redis-address.ts",
  "server/src/lib/redis/redis-refusal.ts",
] as const;
export const ADAPTATION_FILES = [
  "harness/load/portable/realtime/session-event.ts",
  "harness/load/portable/realtime/session-feed.ts",
  "harness/load/portable/realtime/session-subscription.ts",
] as const;

/** Without blank lines and comments, each of which has a line to itself in this project. */
export const linesOfCode = (files: readonly string[]): number =>
  files
    .flatMap((file) => readFileSync(fromRoot(file), "utf8").split("\n"))
    .filter((line) => !/^\s*(?:\/\/|\/\*|\*|$)/.test(line)).length;

const topology = (name: string): Topology => {
  const found = TOPOLOGIES.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no topology ${name}`);
  return found;
};

const settingsOf = ({ broadcaster }: Topology): Readonly<Record<string, string>> =>
  BROADCASTER_FLAGS[broadcaster];

/** @throws if a source cannot be read */
export function collectFacts(): Facts {
  const [without, sticky] = [settingsOf(topology("naive")), settingsOf(topology("phase1"))];
  const names = new Set([...Object.keys(without), ...Object.keys(sticky)]);
  return {
    phase1ServerSettings: [...names].filter((name) => without[name] !== sticky[name]).length,
    broadcasterLines: linesOfCode(BROADCASTER_FILES),
    redisLines: linesOfCode(REDIS_FILES),
    adaptationLines: linesOfCode(ADAPTATION_FILES),
    realtimeStreams: TIER_LIMITS[REALTIME_TIERS[2]].maxConcurrentUsers,
  };
}
