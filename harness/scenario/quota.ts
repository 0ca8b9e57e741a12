/**
 * Compares the demand of a scenario with the limits of a Supabase Realtime tier, before a run
 * starts.
 *
 * Realtime compares the mean of up to a minute with its limits, so a shorter burst can pass. This
 * check assumes a load that lasts as long: a scenario whose rate exceeds a limit is over quota.
 */
import {
  TIER_LIMITS,
  type PublishWay,
  REALTIME_TIERS,
  type RealtimeLimits,
  type RealtimeTier,
} from "../../infra/realtime/realtime-settings.ts";

/** The fields of a scenario that make up its demand, with the replicas of the topology. */
export interface QuotaLoad {
  sessions: number;
  /** Events per second and session. */
  rate: number;
  /** Seconds of each pipeline, a mean. */
  pipeline: number;
  /** Seconds over which the first sessions arrive. */
  ramp: number;
  payloadBytes: number;
  gates: number;
  replicas: number;
  publish: PublishWay;
  /** True if Realtime stops and restarts, so that all clients join again at once. */
  outage: boolean;
}

/** The demand in the terms of the limits. */
export type RealtimeDemand = Readonly<Record<keyof RealtimeLimits, number>>;

/** An upper bound for the other fields of an event and its message, bytes. */
const ENVELOPE_BYTES = 1_000;

/** Each event counts once when it is sent and once for its one subscriber. */
const MESSAGES_PER_EVENT = 2;

/** The router spreads pipelines by chance: the fullest instance gets the mean plus three sigma. */
const sessionsOfOneInstance = (sessions: number, replicas: number): number => {
  const share = 1 / replicas;
  const spread = Math.sqrt(sessions * share * (1 - share));
  return Math.min(sessions, Math.ceil(sessions * share + 3 * spread));
};

/** An answer that reaches an instance without the pipeline goes to all, and so does the reply. */
const gateMessages = ({ sessions, gates, pipeline, replicas }: QuotaLoad): number => {
  const elsewhere = (replicas - 1) / replicas;
  return ((sessions * gates) / pipeline) * elsewhere * 2 * replicas;
};

export function realtimeDemand(load: QuotaLoad): RealtimeDemand {
  const { sessions, rate, ramp, pipeline, replicas, publish, outage } = load;
  const bySocket = publish === "websocket";
  // A publisher on a WebSocket has to join the channel too.
  const joins = bySocket ? 2 * sessions : sessions;
  return {
    // Each instance has one socket, with one channel for messages between instances.
    maxConcurrentUsers: sessions + replicas,
    maxEventsPerSecond: sessions * rate * MESSAGES_PER_EVENT + gateMessages(load),
    // After an outage, all clients try again within a second.
    maxJoinsPerSecond: outage ? joins + replicas : joins / Math.max(1, Math.min(ramp, pipeline)),
    maxChannelsPerClient: 1 + (bySocket ? sessionsOfOneInstance(sessions, replicas) : 0),
    maxPayloadKb: (load.payloadBytes + ENVELOPE_BYTES) / 1_000,
  };
}

export interface BrokenLimit {
  limit: keyof RealtimeLimits;
  demand: number;
  allowed: number;
}

/**
 * Rates must stay below their limit; other values can reach it (supabase/realtime, `RateCounter`).
 */
const RATES: ReadonlySet<keyof RealtimeLimits> = new Set([
  "maxEventsPerSecond",
  "maxJoinsPerSecond",
]);

/** The limits of the tier that the demand breaks. */
export const brokenLimits = (demand: RealtimeDemand, tier: RealtimeTier): BrokenLimit[] =>
  (Object.keys(demand) as (keyof RealtimeLimits)[])
    .map((limit) => ({ limit, demand: demand[limit], allowed: TIER_LIMITS[tier][limit] }))
    .filter(({ limit, demand: asked, allowed }) =>
      RATES.has(limit) ? asked >= allowed : asked > allowed,
    );

/** The smallest tier whose published limits allow the demand, or undefined. */
export const carryingTier = (demand: RealtimeDemand): RealtimeTier | undefined =>
  REALTIME_TIERS.find((tier) => tier !== "none" && brokenLimits(demand, tier).length === 0);

const MEANING: Readonly<Record<keyof RealtimeLimits, string>> = {
  maxConcurrentUsers: "connections",
  maxEventsPerSecond: "messages/s, counting each at sending and at delivery",
  maxJoinsPerSecond: "channel joins/s",
  maxChannelsPerClient: "channels on an instance's publishing connection",
  maxPayloadKb: "kB in a message",
};

const figure = (value: number): string => String(Math.round(value * 10) / 10);

/** For example `3000 messages/s, counting ...: must stay below 100`. */
export const describeBroken = ({ limit, demand, allowed }: BrokenLimit): string => {
  const rule = RATES.has(limit) ? "must stay below" : "at most";
  return `${figure(demand)} ${MEANING[limit]}: ${rule} ${allowed}`;
};
