/** What the load engine is asked to do, as plain data (it crosses a thread boundary). */
import type { Jitter } from "./back-off.ts";
import type { ServiceProtocol } from "./service/service-protocol.ts";

/**
 * `retrying`: any failure is retried with exponential back-off and jitter. `eventsource`: the
 * WHATWG rules.
 */
export const CLIENT_MODELS = ["retrying", "eventsource"] as const;
export type ClientModel = (typeof CLIENT_MODELS)[number];

/**
 * `realtime`: subscribes to Supabase Realtime directly, as realtime-js does. Chosen by the topology
 * and not by the user.
 */
export type StreamClient = ClientModel | "realtime";

/**
 * `stationary`: sessions arrive and end through the whole load, with pipelines of mixed length, so
 * that as many are open at any time. `ramp`: all sessions arrive at the start, with pipelines of
 * one length.
 */
export const ARRIVALS = ["stationary", "ramp"] as const;
export type ArrivalKind = (typeof ARRIVALS)[number];

/** The load itself, whatever service it is for. */
export interface PlannedLoad {
  /** Base URL of the router. */
  url: string;
  client: StreamClient;
  /** Of the `retrying` client, when it opens its stream again. */
  jitter: Jitter;
  /** The server sends a comment to each stream this often, seconds. 0: never. */
  heartbeatS: number;
  arrival: ArrivalKind;
  /** Concurrent streams. `ramp`: each with one pipeline run, so also the sessions in all. */
  sessions: number;
  /** Events per second and session. */
  eventsPerSecond: number;
  /**
   * `stationary`: length of the load, warm-up included, seconds. `ramp`: length of every pipeline
   * run, seconds.
   */
  durationS: number;
  /** `stationary`: mean length of the pipeline runs, seconds. */
  pipelineS: number;
  /** `stationary`: seconds after which figures count. */
  warmUpS: number;
  /** The first sessions, or with `ramp` all, arrive over this many seconds. */
  rampS: number;
  /**
   * After the last pipeline should have ended, wait at most this long for what is still on its way,
   * seconds.
   */
  drainS: number;
  /** Gates per pipeline run, each answered once it is seen. */
  gates: number;
  payloadBytes: number;
  /** Seed and repeat decide the schedule and every back-off. */
  seed: number;
  /** 1-based. */
  repeat: number;
}

export interface LoadPlan extends PlannedLoad {
  /** How the service streams. */
  service: ServiceProtocol;
  /** False: nothing tells what the service published, so its events have to. */
  ledger: boolean;
}

/** What a script is told of a service, in a file: it may hold secrets. */
export interface ServiceForScript extends Pick<LoadPlan, "service" | "ledger"> {
  /**
   * What to add to the host's wall clock to get the harness's clock, milliseconds. The service
   * tells no other clock.
   */
  wallOffsetMs: number;
}

/** Without the service, whose file may hold secrets. */
export const plannedLoad = (plan: LoadPlan): PlannedLoad => {
  const load: PlannedLoad & Partial<LoadPlan> = { ...plan };
  delete load.service;
  delete load.ledger;
  return load;
};

/**
 * Live figures, sent about once a second. `overdue`: events that by the plan should have arrived a
 * second ago and have not.
 */
export interface LoadProgress {
  sessionsUp: number;
  sessions: number;
  received: number;
  eventsPerSecond: number;
  overdue: number;
  reconnects: number;
  secondsLeft: number;
}
