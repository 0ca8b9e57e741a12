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

/** What a topology must have. */
export type BounceNeed = "redis" | "realtime" | "routed";

type Platform = "local" | "docker";

export interface KindOfBounce {
  group: BounceGroup;
  /** What it does: a sentence without its full stop, for help, reports and docs. */
  does: string;
  /** When it happens, for the inside of a sentence: `during rolling deploys`. */
  during: string;
  needs?: BounceNeed;
  /** What a load test has to bring up for it. A topology that is up already lacks it. */
  bringsUp?: "edge";
  /** Whose end must be on record if it succeeded: the instances that it names, or a component. */
  ends: "nothing" | "instances" | "component";
  /** Platforms that cannot carry it out, each with the reason. */
  notOn?: Readonly<Partial<Record<Platform, string>>>;
}

/** In the order in which users read them. */
export const KINDS_OF_BOUNCE: Readonly<Record<BounceKind, KindOfBounce>> = {
  none: {
    group: "control",
    does: "steady state without any bounce: the control for every other run",
    during: "in steady state",
    ends: "nothing",
  },
  rolling: {
    group: "deploy",
    does: "a rolling deploy replaces the instances one by one",
    during: "during rolling deploys",
    ends: "instances",
  },
  recreate: {
    group: "deploy",
    does: "all instances stop, then all start",
    during: "during recreate deploys",
    ends: "instances",
  },
  crash: {
    group: "instance",
    does: "SIGKILL ends instances without a chance to drain",
    during: "during crashes",
    ends: "instances",
  },
  "realtime-outage": {
    group: "realtime",
    does: "Supabase Realtime is killed and starts again a little later",
    during: "during Realtime outages",
    needs: "realtime",
    ends: "component",
  },
  "drain-cut": {
    group: "deploy",
    does: "a rolling deploy whose host kills each instance before its drain is over",
    during: "during deploys that cut the drain",
    ends: "instances",
  },
  "request-cap": {
    group: "edge",
    does: "the host's edge ends every response after a fixed time, as Railway's does",
    during: "while responses are capped",
    needs: "routed",
    bringsUp: "edge",
    ends: "nothing",
  },
  "idle-cut": {
    group: "edge",
    does: "the host's edge cuts silent streams, as nginx and AWS load balancers do",
    during: "while silent streams are cut",
    needs: "routed",
    bringsUp: "edge",
    ends: "nothing",
  },
  "slow-subscriber": {
    group: "edge",
    does: "some clients read slowly or stop reading for a while",
    during: "while clients read slowly",
    needs: "routed",
    bringsUp: "edge",
    ends: "nothing",
  },
  chaos: {
    group: "chaos",
    does: "a seeded sequence of all other kinds, each begun on a service that is whole again",
    during: "in chaos runs",
    bringsUp: "edge",
    ends: "nothing",
  },
};

const NEEDS: Readonly<Record<BounceNeed, { met: (topology: Topology) => boolean; noun: string }>> =
  {
    realtime: { met: ({ broadcaster }) => broadcaster === "supabase", noun: "Realtime" },
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

/** Why a kind cannot be carried out on a topology there. Undefined if it can. */
export const refusalOf = (
  kind: BounceKind,
  topology: Topology,
  platform: Platform,
): string | undefined =>
  fits(kind, topology)
    ? KINDS_OF_BOUNCE[kind].notOn?.[platform]
    : `${topology.name} does not use ${needOf(kind) ?? ""}`;
