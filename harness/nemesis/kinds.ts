/** The kinds of bounces as data: what each does, what it needs, what it leaves on record. */
import type { Topology } from "../../infra/topologies.ts";
import type { BounceKind } from "../history/observation.ts";

/** What a kind disturbs. */
export type BounceGroup =
  | "control"
  | "deploy"
  | "instance"
  | "redis"
  | "router"
  | "network"
  | "scale"
  | "realtime"
  | "edge"
  | "chaos";

/**
 * `ends`: the target's end. `cuts`: streams that it cut. `broker-down`: an instance, or the target,
 * that missed its broker. `silence`: nothing arrived from the target meanwhile. `none`: the
 * platform's word.
 */
export type Evidence = "none" | "ends" | "cuts" | "broker-down" | "silence";

/** What a topology must have. */
export type BounceNeed = "redis" | "realtime" | "routed" | "replicas";

/**
 * `for`: how long it lasts. `after`: what the host waits before it cuts or kills. `share`: of the
 * open streams.
 */
export type BounceSetting = "for" | "after" | "share";

type Platform = "local" | "docker" | "target";

export interface KindOfBounce {
  group: BounceGroup;
  /** What it does: a sentence without its full stop, for help, reports and docs. */
  does: string;
  /** When it happens, for the inside of a sentence: `during rolling deploys`. */
  during: string;
  needs?: BounceNeed;
  /** What a load test has to bring up for it. A topology that is up already lacks it. */
  bringsUp?: "edge" | "spare";
  /** What must be on record if it happened. */
  evidence: Evidence;
  /** What it takes away; a topology's promise allows other losses for each. */
  harms: "nothing" | "instances" | "broker" | "log" | "anything";
  /** What a user may set of it, each with its default. */
  settings?: Readonly<Partial<Record<BounceSetting, number>>>;
  /** Requests may wait until it is over, so the run drains longer. */
  holdsRequests?: true;
  /** True if it cuts links between components, for which a deployment needs relays. */
  cutsLinks?: true;
  /** Redis must find its log again after a restart, if the topology has one. */
  needsLogOnDisk?: true;
  /** Platforms that cannot carry it out, each with the reason. */
  notOn?: Readonly<Partial<Record<Platform, string>>>;
}

/** In the order in which users read them. */
export const KINDS_OF_BOUNCE: Readonly<Record<BounceKind, KindOfBounce>> = {
  none: {
    group: "control",
    does: "steady state without any bounce: the control for every other run",
    during: "in steady state",
    evidence: "none",
    harms: "nothing",
  },
  rolling: {
    group: "deploy",
    does: "a rolling deploy replaces the instances one by one",
    during: "during rolling deploys",
    evidence: "ends",
    harms: "instances",
  },
  recreate: {
    group: "deploy",
    does: "all instances stop, then all start",
    during: "during recreate deploys",
    evidence: "ends",
    harms: "instances",
  },
  crash: {
    group: "instance",
    does: "SIGKILL ends instances without a chance to drain",
    during: "during crashes",
    evidence: "ends",
    harms: "instances",
    settings: { for: 1 },
  },
  pause: {
    group: "instance",
    does: "SIGSTOP freezes one instance, and SIGCONT wakes it up a little later",
    during: "while an instance is paused",
    evidence: "silence",
    harms: "instances",
    settings: { for: 4 },
    holdsRequests: true,
  },
  "redis-outage": {
    group: "redis",
    does: "Redis is killed and starts again a little later",
    during: "during Redis outages",
    needs: "redis",
    evidence: "broker-down",
    harms: "broker",
    needsLogOnDisk: true,
    settings: { for: 3 },
    holdsRequests: true,
  },
  "redis-pause": {
    group: "redis",
    does: "SIGSTOP freezes Redis, so that its connections are half-open",
    during: "while Redis is paused",
    needs: "redis",
    evidence: "broker-down",
    harms: "broker",
    settings: { for: 6 },
    holdsRequests: true,
  },
  "redis-flush": {
    group: "redis",
    does: "FLUSHALL empties Redis",
    during: "when Redis is emptied",
    needs: "redis",
    evidence: "none",
    harms: "log",
  },
  "redis-failover": {
    group: "redis",
    does: "a replica of Redis is promoted and takes the address over, open connections stay",
    during: "during Redis failovers",
    needs: "redis",
    evidence: "broker-down",
    harms: "log",
    settings: { for: 4 },
    holdsRequests: true,
  },
  "redis-partition": {
    group: "network",
    does: "one instance loses its way to Redis, and nothing else",
    during: "while an instance is cut off from Redis",
    needs: "redis",
    evidence: "broker-down",
    harms: "broker",
    cutsLinks: true,
    settings: { for: 6 },
    holdsRequests: true,
  },
  "router-restart": {
    group: "router",
    does: "the router is killed and starts again a little later",
    during: "during router restarts",
    evidence: "cuts",
    harms: "instances",
    settings: { for: 1 },
    holdsRequests: true,
  },
  "router-partition": {
    group: "network",
    does: "one instance loses its way to the router, and nothing else",
    during: "while an instance is cut off from the router",
    evidence: "silence",
    harms: "instances",
    cutsLinks: true,
    notOn: {
      docker: "on Docker an instance that leaves the router's network comes back elsewhere",
    },
    settings: { for: 6 },
    holdsRequests: true,
  },
  "realtime-outage": {
    group: "realtime",
    does: "Supabase Realtime is killed and starts again a little later",
    during: "during Realtime outages",
    needs: "realtime",
    evidence: "cuts",
    harms: "broker",
    settings: { for: 3 },
  },
  "drain-cut": {
    group: "deploy",
    does: "a rolling deploy whose host kills each instance before its drain is over",
    during: "during deploys that cut the drain",
    evidence: "ends",
    harms: "instances",
    settings: { after: 1.5 },
  },
  "scale-out": {
    group: "scale",
    does: "one more instance starts and takes its share of what is new",
    during: "while instances are added",
    needs: "replicas",
    bringsUp: "spare",
    evidence: "none",
    harms: "instances",
  },
  "scale-in": {
    group: "scale",
    does: "one instance drains and stays away",
    during: "while instances are removed",
    needs: "replicas",
    evidence: "ends",
    harms: "instances",
  },
  "request-cap": {
    group: "edge",
    does: "the host's edge ends every response after a fixed time, as Railway's does",
    during: "while responses are capped",
    needs: "routed",
    bringsUp: "edge",
    evidence: "cuts",
    harms: "instances",
    settings: { for: 9, after: 3 },
  },
  "idle-cut": {
    group: "edge",
    does: "the host's edge cuts silent streams, as nginx and AWS load balancers do",
    during: "while silent streams are cut",
    needs: "routed",
    bringsUp: "edge",
    evidence: "none",
    harms: "instances",
    settings: { for: 8, after: 2 },
  },
  "slow-subscriber": {
    group: "edge",
    does: "some clients read slowly or stop reading for a while",
    during: "while clients read slowly",
    needs: "routed",
    bringsUp: "edge",
    evidence: "none",
    harms: "instances",
    settings: { for: 6, share: 0.25 },
  },
  command: {
    group: "deploy",
    does: "a command of yours deploys a target anew, or disturbs it in another way",
    during: "while your command runs",
    evidence: "none",
    harms: "instances",
    notOn: {
      local: "it needs a deployment of yours: --target and --bounce-command",
      docker: "it needs a deployment of yours: --target and --bounce-command",
    },
  },
  migration: {
    group: "deploy",
    does: "the strategy's migration, step by step, and back: `sse-lab migrate`",
    during: "during migrations",
    evidence: "none",
    harms: "instances",
    notOn: { docker: "on Docker, another router configuration would mean another router" },
  },
  chaos: {
    group: "chaos",
    does: "a seeded sequence of all other kinds, each begun on a service that is whole again",
    during: "in chaos runs",
    bringsUp: "edge",
    evidence: "none",
    harms: "anything",
    cutsLinks: true,
  },
};

const NEEDS: Readonly<Record<BounceNeed, { met: (topology: Topology) => boolean; noun: string }>> =
  {
    realtime: { met: ({ broadcaster }) => broadcaster === "supabase", noun: "Realtime" },
    replicas: { met: ({ replicas }) => replicas > 1, noun: "several instances" },
    routed: {
      met: ({ broadcaster }) => broadcaster !== "supabase",
      noun: "streams through its router",
    },
    redis: { met: ({ broadcaster }) => broadcaster.startsWith("redis"), noun: "Redis for events" },
  };

/** What a topology must use for a kind: `Realtime`. Undefined if any topology will do. */
export const needOf = (kind: BounceKind): string | undefined => {
  const { needs } = KINDS_OF_BOUNCE[kind];
  return needs === undefined ? undefined : NEEDS[needs].noun;
};

/** True if the topology has what the kind disturbs. */
export const fits = (kind: BounceKind, topology: Topology): boolean => {
  const { needs } = KINDS_OF_BOUNCE[kind];
  return needs === undefined || NEEDS[needs].met(topology);
};

/** Why no topology there can have it. Undefined if one can. */
export const notOn = (kind: BounceKind, platform: Platform): string | undefined =>
  platform === "target" && kind !== "none" && kind !== "command"
    ? "a target is not the lab's: only a command of yours disturbs it"
    : KINDS_OF_BOUNCE[kind].notOn?.[platform];

/** Why a kind cannot be carried out on a topology there. Undefined if it can. */
export function refusalOf(
  kind: BounceKind,
  topology: Topology,
  platform: Platform,
  redis: "up" | "stopped" = "up",
): string | undefined {
  if (redis === "stopped" && KINDS_OF_BOUNCE[kind].needs === "redis") return "Redis does not run";
  if (!fits(kind, topology)) return `${topology.name} does not use ${needOf(kind) ?? ""}`;
  const { needsLogOnDisk } = KINDS_OF_BOUNCE[kind];
  if (needsLogOnDisk && platform === "docker" && topology.broadcaster === "redis-streams")
    return `on Docker the log of ${topology.name} is in memory only, so a restart empties it`;
  return notOn(kind, platform);
}
