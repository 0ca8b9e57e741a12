/**
 * What a scenario asks of a Supabase Realtime project, beside what a plan allows. Pure: the guard that refuses a scenario before
 * anything starts is made of it.
 *
 * Assumed: the load goes on for as long as Realtime averages. It compares the mean of up to a minute with its limits, so that a shorter
 * burst may pass; a scenario that would break a limit if it went on is over quota all the same.
 */
import {
  TIER_LIMITS,
  type PublishWay,
  REALTIME_TIERS,
  type RealtimeLimits,
  type RealtimeTier,
} from "../../infra/realtime/realtime-settings.ts";

/** The parts of a scenario that decide what it asks for, with the replicas of the topology. */
export interface QuotaLoad {
  sessions: number;
  /** Events per second and session. */
  rate: number;
  /** Seconds of load of each session. */
  duration: number;
  /** Seconds over which sessions arrive. */
  ramp: number;
  payloadBytes: number;
  gates: number;
  replicas: number;
  publish: PublishWay;
  /** True: Realtime goes away and comes back, and everybody joins again at once. */
  outage: boolean;
}

/** What is asked for, in the terms of the limits. */
export type RealtimeDemand = Readonly<Record<keyof RealtimeLimits, number>>;

/** Around an event's own payload: its other fields, and those of the message. Bytes, generously. */
const ENVELOPE_BYTES = 1_000;

/** Each event counts once when it is sent, and once for the one subscriber that it goes to. */
const MESSAGES_PER_EVENT = 2;

/** Pipelines go to instances as the router has it: what the fullest one has to expect is the mean and three standard deviations. */
const sessionsOfOneInstance = (sessions: number, replicas: number): number => {
  const share = 1 / replicas;
  const spread = Math.sqrt(sessions * share * (1 - share));
  return Math.min(sessions, Math.ceil(sessions * share + 3 * spread));
};

/** A gate's answer that reaches another instance than the pipeline's goes to all of them and is confirmed to all of them. */
const gateMessages = ({ sessions, gates, duration, replicas }: QuotaLoad): number => {
  const elsewhere = (replicas - 1) / replicas;
  return ((sessions * gates) / duration) * elsewhere * 2 * replicas;
};

export function realtimeDemand(load: QuotaLoad): RealtimeDemand {
  const { sessions, rate, ramp, replicas, publish, outage } = load;
  const bySocket = publish === "websocket";
  // Whoever publishes on a WebSocket has to join the channel as well.
  const joins = bySocket ? 2 * sessions : sessions;
  return {
    // Each instance has a socket of its own, with one channel for what goes between the instances.
    maxConcurrentUsers: sessions + replicas,
    maxEventsPerSecond: sessions * rate * MESSAGES_PER_EVENT + gateMessages(load),
    // Whoever was cut tries again a second later, as all others do.
    maxJoinsPerSecond: outage ? joins + replicas : joins / Math.max(1, ramp),
    maxChannelsPerClient: 1 + (bySocket ? sessionsOfOneInstance(sessions, replicas) : 0),
    maxPayloadKb: (load.payloadBytes + ENVELOPE_BYTES) / 1_000,
  };
}

export interface BrokenLimit {
  limit: keyof RealtimeLimits;
  demand: number;
  allowed: number;
}

/** Rates are refused from the limit on, everything else above it: so does the server (supabase/realtime, `RateCounter`). */
const FROM_THE_LIMIT_ON: ReadonlySet<keyof RealtimeLimits> = new Set([
  "maxEventsPerSecond",
  "maxJoinsPerSecond",
]);

/** The limits of the plan that the demand breaks. */
export const brokenLimits = (demand: RealtimeDemand, plan: RealtimeTier): BrokenLimit[] =>
  (Object.keys(demand) as (keyof RealtimeLimits)[])
    .map((limit) => ({ limit, demand: demand[limit], allowed: TIER_LIMITS[plan][limit] }))
    .filter(({ limit, demand: asked, allowed }) =>
      FROM_THE_LIMIT_ON.has(limit) ? asked >= allowed : asked > allowed,
    );

/** The smallest plan of supabase.com that carries the demand. Undefined: none does by what it has at least. */
export const carryingTier = (demand: RealtimeDemand): RealtimeTier | undefined =>
  REALTIME_TIERS.find((plan) => plan !== "none" && brokenLimits(demand, plan).length === 0);

const MEANING: Readonly<Record<keyof RealtimeLimits, string>> = {
  maxConcurrentUsers: "connections",
  maxEventsPerSecond: "messages/s, each counted when it is sent and when it is delivered",
  maxJoinsPerSecond: "channel joins/s",
  maxChannelsPerClient: "channels on the connection by which an instance publishes",
  maxPayloadKb: "kB in a message",
};

const figure = (value: number): string => String(Math.round(value * 10) / 10);

/** `3000 messages/s, each counted ...: must stay below 100`. */
export const describeBroken = ({ limit, demand, allowed }: BrokenLimit): string =>
  `${figure(demand)} ${MEANING[limit]}: ${FROM_THE_LIMIT_ON.has(limit) ? "must stay below" : "at most"} ${allowed}`;
