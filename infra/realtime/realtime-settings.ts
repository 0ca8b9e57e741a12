/**
 * Settings of a topology whose events travel over Supabase Realtime, the same on every platform.
 */

/** Limits of one project (a "tenant" of the Realtime server), in the server's own terms. */
export interface RealtimeLimits {
  /** Sockets with at least one joined channel. */
  maxConcurrentUsers: number;
  /** Messages per second: each message counts once, and once more for every subscriber. */
  maxEventsPerSecond: number;
  maxJoinsPerSecond: number;
  maxChannelsPerClient: number;
  /** Largest message, in kB of 1,000 bytes. */
  maxPayloadKb: number;
}

/** Plans of supabase.com, and `none`: limits out of reach, on a Realtime of one's own only. */
export const REALTIME_TIERS = ["none", "free", "pro", "team", "enterprise"] as const;
export type RealtimeTier = (typeof REALTIME_TIERS)[number];

/**
 * Limits by plan. Source: supabase.com/docs/guides/realtime/limits (September 2026). `team` is also
 * Pro without a spend cap. `enterprise` is agreed on by contract: what is here is what it has at
 * least.
 */
export const TIER_LIMITS: Readonly<Record<RealtimeTier, RealtimeLimits>> = {
  none: {
    maxConcurrentUsers: 1_000_000,
    maxEventsPerSecond: 10_000_000,
    maxJoinsPerSecond: 1_000_000,
    maxChannelsPerClient: 100_000,
    maxPayloadKb: 3_000,
  },
  free: {
    maxConcurrentUsers: 200,
    maxEventsPerSecond: 100,
    maxJoinsPerSecond: 100,
    maxChannelsPerClient: 100,
    maxPayloadKb: 256,
  },
  pro: {
    maxConcurrentUsers: 500,
    maxEventsPerSecond: 500,
    maxJoinsPerSecond: 500,
    maxChannelsPerClient: 100,
    maxPayloadKb: 3_000,
  },
  team: {
    maxConcurrentUsers: 10_000,
    maxEventsPerSecond: 2_500,
    maxJoinsPerSecond: 2_500,
    maxChannelsPerClient: 100,
    maxPayloadKb: 3_000,
  },
  enterprise: {
    maxConcurrentUsers: 10_000,
    maxEventsPerSecond: 2_500,
    maxJoinsPerSecond: 2_500,
    maxChannelsPerClient: 100,
    maxPayloadKb: 3_000,
  },
};

export const PUBLISH_WAYS = ["http", "websocket"] as const;
export type PublishWay = (typeof PUBLISH_WAYS)[number];

/** A Realtime that the lab does not run: a supabase.com project or the user's server. */
export interface HostedRealtime {
  /**
   * As realtime-js takes it: `https://<ref>.supabase.co/realtime/v1`, or `http://host:4000/socket`
   * for a bare server.
   */
  url: string;
  /** Service-role key: publishes, and reads every channel. A secret. */
  serviceKey: string;
  /**
   * `apikey` of the clients' handshake. Default: each client's token, which a bare server accepts.
   */
  anonKey?: string;
  /** Signs the clients' tokens (HS256). A secret. */
  jwtSecret: string;
}

export interface RealtimeSettings {
  /** Applies to a Realtime that the lab runs; a hosted one has its plan. */
  plan: RealtimeTier;
  publish: PublishWay;
  /** True: an event log (Valkey) from which clients fetch the events they missed. */
  catchUp: boolean;
  /** Undefined: the platform runs one. */
  hosted?: HostedRealtime;
}

export const DEFAULT_REALTIME_SETTINGS: RealtimeSettings = {
  plan: "none",
  publish: "http",
  catchUp: false,
};

/** Tenant of a Realtime that the lab runs: the first label of its host name. */
export const REALTIME_TENANT = "realtime";
