/** The topologies, one row each. Only infra, platforms, run and cli know these names. */

/**
 * `redis`: Redis pub/sub; `redis-streams`: a log in Redis Streams, from which streams are resumed
 * and pipelines continued; `supabase`: Supabase Realtime Broadcast. Clients subscribe to it
 * directly, not to an instance.
 */
export type Broadcaster = "local" | "redis" | "redis-streams" | "supabase";

/** What tells a server which broadcaster to use. Supabase's settings come with its address. */
export const BROADCASTER_FLAGS: Readonly<Record<Broadcaster, Readonly<Record<string, string>>>> = {
  local: {},
  redis: { FF_REDIS_SSE_BROADCAST: "true" },
  "redis-streams": { FF_REDIS_SSE_DURABLE: "true" },
  supabase: {},
};
/** `header`: the router hashes `X-Session-ID`, which a browser's own EventSource cannot send. */
export type Affinity = "none" | "cookie" | "header";
export type Router = "traefik" | "haproxy";

/**
 * Causes of loss that a topology may show without breaking its promise (names as in
 * `harness/history/observation.ts`).
 */
export type AllowedCause =
  | "no-route"
  | "in-flight-at-disconnect"
  | "while-disconnected"
  | "replay-window-exceeded"
  | "broker-gap"
  | "log-lost";

/**
 * What a topology promises, as data for the checker. A loss outside of it makes the run `invalid`.
 */
export interface DeliveryPromise {
  /** Causes of loss allowed while nothing is disturbed. Empty: nothing may be lost. */
  steady: readonly AllowedCause[];
  /** Causes of loss allowed in a run with a bounce. */
  bounced: readonly AllowedCause[];
  /** Replaces `bounced` in a run that keeps the broker from instances or clients. */
  brokerAway?: readonly AllowedCause[];
  /** Replaces `brokerAway` in a run in which the broker loses what it stores. */
  brokerForgets?: readonly AllowedCause[];
  /**
   * May pipelines die with their instance, so that events are never published? Only in a run with a
   * bounce.
   */
  pipelinesMayDie: boolean;
  /**
   * True if chance decides whether a session's publisher and subscriber meet on one instance. The
   * loss in steady state must then be (replicas - 1) / replicas within sampling error. If it is
   * not, the lab itself is suspect and the run is `unknown`.
   */
  routedByChance: boolean;
  /** `after-reconnect`: a replay may bring an event again. Undefined: no event comes twice. */
  allowedDuplicates?: "after-reconnect";
  /** One sentence for the report. */
  sentence: string;
}

export interface Topology {
  name: string;
  replicas: number;
  router: Router;
  affinity: Affinity;
  broadcaster: Broadcaster;
  /** What the strategy document claims, in one sentence. */
  claim: string;
  promise: DeliveryPromise;
}

const whileAway = ["while-disconnected", "in-flight-at-disconnect"] as const;

const pubSubPromise = {
  steady: [],
  bounced: whileAway,
  brokerAway: ["broker-gap", ...whileAway],
  pipelinesMayDie: true,
  routedByChance: false,
} as const;

const stickyPromise: DeliveryPromise = {
  steady: [],
  bounced: ["no-route", ...whileAway],
  pipelinesMayDie: true,
  routedByChance: false,
  sentence:
    "Nothing is lost in steady state; " +
    "a bounce may lose what its clients miss, and end their pipelines.",
};

export const TOPOLOGIES = [
  {
    name: "phase0",
    replicas: 1,
    router: "traefik",
    affinity: "none",
    broadcaster: "local",
    claim: "works in steady state; a bounce cuts everyone",
    promise: {
      steady: [],
      bounced: whileAway,
      pipelinesMayDie: true,
      routedByChance: false,
      sentence:
        "Nothing is lost in steady state; " +
        "a bounce cuts everyone and ends the pipelines it hits.",
    },
  },
  {
    name: "naive",
    replicas: 3,
    router: "traefik",
    affinity: "none",
    broadcaster: "local",
    claim: "the problem: about (N-1)/N of events have no route",
    promise: {
      steady: ["no-route"],
      bounced: ["no-route", ...whileAway],
      pipelinesMayDie: true,
      routedByChance: true,
      sentence:
        "No promise: " +
        "an event reaches its subscriber only when both happen to be on one instance.",
    },
  },
  {
    name: "phase1",
    replicas: 3,
    router: "traefik",
    affinity: "cookie",
    broadcaster: "local",
    claim: "no loss in steady state; each deploy bounces its clients; uneven load",
    promise: stickyPromise,
  },
  {
    name: "phase1-header",
    replicas: 3,
    router: "haproxy",
    affinity: "header",
    broadcaster: "local",
    claim:
      "as phase1, by a consistent hash of X-Session-ID; " +
      "a browser's own EventSource cannot send one",
    promise: stickyPromise,
  },
  {
    name: "phase2",
    replicas: 3,
    router: "traefik",
    affinity: "none",
    broadcaster: "redis",
    claim: "cross-instance delivery; falls back to local if Redis is away",
    promise: {
      ...pubSubPromise,
      sentence:
        "Nothing is lost in steady state; " +
        "across a bounce only what was published while a client or Redis was away.",
    },
  },
  {
    name: "phase2-sticky",
    replicas: 3,
    router: "traefik",
    affinity: "cookie",
    broadcaster: "redis",
    claim: "keeps affinity as an optimisation: less Redis traffic",
    promise: {
      ...pubSubPromise,
      sentence: "As phase2: only what was published while a client or Redis was away may be lost.",
    },
  },
  {
    name: "phase2-durable",
    replicas: 3,
    router: "traefik",
    affinity: "none",
    broadcaster: "redis-streams",
    claim: "nothing is lost: streams resume from a log, and pipelines outlive their instance",
    promise: {
      steady: [],
      bounced: [],
      brokerForgets: ["log-lost", "replay-window-exceeded"],
      pipelinesMayDie: false,
      routedByChance: false,
      sentence:
        "Nothing is lost, and every pipeline ends, in steady state and across a bounce; " +
        "what Redis itself loses is declared.",
    },
  },
  {
    name: "phase3",
    replicas: 3,
    router: "traefik",
    affinity: "none",
    broadcaster: "supabase",
    claim: "extra latency, dependent on Realtime, connection limits",
    promise: {
      steady: [],
      bounced: ["in-flight-at-disconnect"],
      brokerAway: ["broker-gap", ...whileAway],
      pipelinesMayDie: true,
      routedByChance: false,
      sentence:
        "Nothing is lost in steady state below Realtime's limits, and a bounce of the app " +
        "cuts no client; " +
        "an outage of Realtime cuts everyone at once.",
    },
  },
] as const satisfies readonly Topology[];

/** A deployment that somebody else runs: one topology, of which the lab knows nothing. */
export const TARGET_TOPOLOGY: Topology = {
  name: "target",
  replicas: 1,
  router: "traefik",
  affinity: "none",
  broadcaster: "local",
  claim: "a deployment that somebody else runs",
  promise: {
    steady: [],
    bounced: ["no-route", ...whileAway],
    pipelinesMayDie: true,
    routedByChance: false,
    sentence: "Nothing is missed in steady state.",
  },
};

/** One deployment that walks the strategy's migration, from `phase0` to `phase2` and back. */
export const MIGRATION_TOPOLOGY: Topology = {
  name: "migration",
  replicas: 3,
  router: "traefik",
  affinity: "none",
  broadcaster: "redis",
  claim: "each step of the migration is small, and can be taken back",
  promise: {
    steady: [],
    bounced: ["no-route", "broker-gap", ...whileAway],
    pipelinesMayDie: true,
    routedByChance: false,
    sentence:
      "A change of the router's configuration loses nothing; " +
      "a deploy may lose what its clients miss, and end their pipelines.",
  },
};

export type TopologyName = (typeof TOPOLOGIES)[number]["name"];
