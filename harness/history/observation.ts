/**
 * The observations of a history, one JSON object per line. The load engine, the nemesis and the
 * ledger collector write them; the checker reads nothing else.
 *
 * Times (`...Ms`) are milliseconds on CLOCK_MONOTONIC unless stated otherwise. Observations are not
 * sorted by time. A `run` observation opens a run, which lasts until the next one.
 */

import type { BounceKind } from "./bounce-kinds.ts";
import type { Cause } from "./causes.ts";
import type { MisfitObservation, TerminalObservation } from "./foreign-observation.ts";
import type { StepObservation } from "./step-observation.ts";

export { CAUSES, type Cause } from "./causes.ts";
export { BOUNCE_CHOICES, BOUNCE_KINDS, type BounceKind } from "./bounce-kinds.ts";
export type { MisfitObservation, StepObservation, TerminalObservation };

/** Opens a run and states its promise. */
export interface RunObservation {
  type: "run";
  topology: string;
  bounce: BounceKind;
  /** 1-based. */
  repeat: number;
  seed: number;
  replicas: number;
  atMs: number;
  /** Wall clock, ISO 8601, only for display. */
  startedAt: string;
  promise: {
    /** The allowed causes of loss in this run, with or without a bounce. */
    allowedCauses: readonly Cause[];
    neverPublishedAllowed: boolean;
    routedByChance: boolean;
    /**
     * `after-reconnect`: a later stream may bring an event again, which its client drops by id.
     * Default `none`.
     */
    allowedDuplicates?: "none" | "after-reconnect";
    sentence: string;
  };
  load: {
    /** Streams open at once (`stationary`), or all sessions (`ramp`). */
    sessions: number;
    /** Per session. */
    eventsPerSecond: number;
    /** Seconds of load with its warm-up (`stationary`), or of each pipeline (`ramp`). */
    durationS: number;
    gates: number;
    /**
     * `stationary`: sessions arrive and end all the time; `ramp`: all arrive at its beginning.
     * Default `ramp`.
     */
    arrival?: "stationary" | "ramp";
    /** Mean length of a pipeline, seconds. */
    pipelineS?: number;
    /** Seconds from load-started to `measured`. */
    warmUpS?: number;
  };
  /** 1-based place of this run in its comparison, which shuffles them. */
  order?: number;
  /** What the reader of the report must know about the setup, one sentence each. */
  notes: readonly string[];
  /** Present if the topology's clients subscribe to Supabase Realtime directly. */
  realtime?: RealtimeFacts;
  /** Present if the service keeps no ledger: nothing tells what it published. */
  withoutLedger?: WithoutLedger;
}

/** What the events of a service without a ledger tell. */
export interface WithoutLedger {
  /** True: `seq` is the event's own number. False: it counts a session's arrivals from 1. */
  sequence: boolean;
  /**
   * True: every session is due `planned.events` events. False: only the terminal event's number, or
   * an event's `total`, tells how many there are.
   */
  total: boolean;
  /** False: no event ends the work, so a stuck stream looks like any other. */
  terminal: boolean;
}

/** The Realtime implementation of a run, and its settings. */
export interface RealtimeFacts {
  /** The component's name: `realtime-standin`, or `realtime` for the real one. */
  part: string;
  /** True if it is not Supabase's server. Its latency says nothing about Supabase. */
  standIn: boolean;
  /** The plan of supabase.com whose limits applied, or `none` for limits out of reach. */
  plan: string;
  /** How events reach Realtime: over its HTTP API, or over one WebSocket per instance. */
  publish: "http" | "websocket";
  /** True if clients fetch missed events from the event log. */
  catchUp: boolean;
  /** Bundle of realtime-js and the adaptation layer, bytes. Native EventSource needs no bundle. */
  frontEnd: { minifiedBytes: number; gzippedBytes: number };
}

/** One session of the plan, recorded before the load. It always has `events` due pairs. */
export interface PlannedObservation {
  type: "planned";
  /** The session's name in the plan, the same in every topology: `s0`, `s1`, ... */
  session: string;
  events: number;
  arriveMs: number;
}

/** The client read the `connected` event of a stream. */
export interface ConnectedObservation {
  type: "connected";
  session: string;
  /** 1-based number of the connection within the session. */
  connection: number;
  /** Absent if the client subscribes to the broker directly. */
  instance?: string;
  /** When the instance began to deliver; without an instance, when the client read `connected`. */
  subscribedMs: number;
  /** `ResumeStatus` of the event contract. */
  resume: string;
  /** When the client sent the attempt that `atMs` answers. */
  attemptMs?: number;
  atMs: number;
}

/** A confirmed stream ended. */
export interface DisconnectedObservation {
  type: "disconnected";
  session: string;
  connection: number;
  /**
   * `ended`: the server closed it; `error`: reset; `hint`: closed after a reconnect hint; `quota`:
   * the broker closed it for a limit; `finished`: the client left after its terminal event;
   * `drained`: the engine closed it at the end.
   */
  reason: "ended" | "error" | "hint" | "quota" | "finished" | "drained";
  /** The reason as the other side states it. */
  detail?: string;
  atMs: number;
}

/** An attempt to open a stream failed before `connected`. */
export interface ConnectFailedObservation {
  type: "connect-failed";
  session: string;
  connection: number;
  /** HTTP status, or 0 without a response. */
  status: number;
  reason: string;
  /** True if a limit of the broker refused it. */
  quota?: boolean;
  /** True if this client model gives up (WHATWG EventSource on a status other than 200). */
  fatal: boolean;
  /** When the client sent the attempt that `atMs` answers. */
  attemptMs?: number;
  atMs: number;
}

/** The client read an event with an id. Comments and control events are not recorded. */
export interface ReceivedObservation {
  type: "received";
  session: string;
  connection: number;
  epoch: string;
  seq: number;
  /** True on the run's last event (`pipeline_complete`, `pipeline_error`). */
  terminal?: boolean;
  /** When the publisher first tried to send it, if the message has it (`RealtimePayload`). */
  sentMs?: number;
  /** The publish time that the event states, on this clock. Only without a ledger. */
  publishedMs?: number;
  /** How many events the run has, as the event states it. Only without a ledger. */
  total?: number;
  atMs: number;
}

/**
 * The client read an event without a run's id that is not a control event. A client that mistakes a
 * comment for an event shows it here.
 */
export interface StrayObservation {
  type: "stray";
  session: string;
  connection: number;
  /** The event's name; the default is `message`. */
  name: string;
  atMs: number;
}

/** The server declared that events are missing which this client will not get. */
export interface ReplayGapObservation {
  type: "replay-gap";
  session: string;
  connection: number;
  /** `ReplayGap` of the event contract. */
  reason: string;
  atMs: number;
}

/** A request other than the stream ended (status 0: no response). `instance` is its route. */
export interface RequestObservation {
  type: "request";
  session: string;
  /** `token`: a new token for the channel; `log`: missed events from the event log. */
  request: "create" | "start" | "gate" | "background" | "token" | "log";
  status: number;
  instance?: string;
  /** The session's id in the ledgers, for a successful `create`. */
  sessionId?: string;
  /** Why no response came. Contains no token and no URL. */
  reason?: string;
  /** 1-based number of the try, if a client repeats a request. */
  attempt?: number;
  sentMs?: number;
  atMs: number;
}

/** From the ledger: an instance published an event. */
export interface PublishedObservation {
  type: "published";
  session: string;
  epoch: string;
  seq: number;
  terminal?: boolean;
  instance: string;
  intendedMs: number;
  atMs: number;
  /** `DeliveryRoute` of the ledger. */
  route: "local" | "broker" | "fallback";
}

/** From the ledger: an event with route `broker` was dropped before it reached the broker. */
export interface DroppedObservation {
  type: "dropped";
  session: string;
  epoch: string;
  seq: number;
  instance: string;
  /** `DropReason` of the ledger. */
  reason: "quota" | "outage" | "refused" | "fenced";
  atMs: number;
}

/** From the ledger: a pipeline run began or ended. `aborted`: without its terminal event. */
export interface PipelineObservation {
  type: "pipeline";
  session: string;
  epoch: string;
  instance: string;
  state: "started" | "completed" | "aborted" | "handed-over" | "resumed";
  total: number;
  reason?: string;
  atMs: number;
}

/** `offered` and `reached` come from the ledger, `answered` with its status from the client. */
export interface GateObservation {
  type: "gate";
  session: string;
  gate: string;
  state: "offered" | "answered" | "reached";
  status?: number;
  atMs: number;
}

/** From the ledger: the state of an instance's broker connection changed. */
export interface BrokerObservation {
  type: "broker";
  instance: string;
  /** `limited`: the broker enforces a limit, and events wait until it accepts them (`up`). */
  state: "up" | "down" | "limited";
  atMs: number;
}

/** An instance's ledger file. `torn`: incomplete last line; `missing`: no file of a process. */
export interface LedgerObservation {
  type: "ledger";
  instance: string;
  state: "read" | "torn" | "missing";
  records: number;
}

/** The nemesis disturbed one target. `bounce` counts the run's disturbances from 1. */
export interface BounceObservation {
  type: "bounce";
  bounce: number;
  kind: BounceKind;
  target: string;
  state: "started" | "ended";
  /** Present on `ended` if the disturbance failed. */
  error?: string;
  atMs: number;
}

/** The platform's view of an instance. */
export interface InstanceObservation {
  type: "instance";
  instance: string;
  state: "started" | "ready" | "not-ready" | "stopped" | "killed";
  atMs: number;
}

/** A component that no bounce touches (router, broker) exited. */
export interface PartExitObservation {
  type: "part-exit";
  /** Its name on the platform: `traefik`, `valkey`. */
  part: string;
  atMs: number;
}

/** The resources that one component has used since its start. */
export interface UsageObservation {
  type: "usage";
  /**
   * Instance name, or `traefik`, `haproxy`, `valkey`, `realtime`, `realtime-postgres`,
   * `realtime-standin`.
   */
  part: string;
  role: "server" | "router" | "broker";
  /** Identifies the process or container whose counters began at 0. */
  incarnation: string;
  /** `cgroup`: the whole container; `procfs`: the process, without kernel work for its sockets. */
  source: "cgroup" | "procfs";
  /** User and system time. */
  cpuSeconds: number;
  /** Anonymous resident memory, without shared files. */
  memoryBytes: number;
  /** The kernel's socket buffers. Undefined if the host does not account for them. */
  socketMemoryBytes?: number;
  /** Traffic of its network interface. Undefined if it has no separate interface. */
  receivedBytes?: number;
  sentBytes?: number;
  /** Harness clock. */
  atMs: number;
}

export const PHASES = [
  "load-started",
  "loaded",
  "measured",
  "drain-started",
  "drain-ended",
] as const;

/**
 * A phase of the load. `loaded`: the first population (`stationary`) or every session (`ramp`) has
 * arrived. `measured`: the warm-up is over, so figures count what was intended from here on.
 */
export interface PhaseObservation {
  type: "phase";
  phase: (typeof PHASES)[number];
  atMs: number;
}

/**
 * How busy the harness's host was since the previous sample, during the load (Linux only). Sources:
 * `/proc/stat`, `/proc/pressure/cpu`, `/proc/loadavg`.
 */
export interface HostObservation {
  type: "host";
  /** CPU time of all cores that was neither idle nor waiting for a disk, 0 to 1. */
  cpuBusyShare: number;
  /** CPU time that the hypervisor gave to other guests, 0 to 1. */
  stealShare: number;
  /** Share of the time in which at least one task waited for a core, 0 to 1. */
  pressureShare?: number;
  /** Tasks that ran or waited for a core at the sample. */
  runnable?: number;
  atMs: number;
}

/** The load engine's report on itself, to tell its limits from those of the topology. */
export interface EngineObservation {
  type: "engine";
  /** How late the engine ran, milliseconds: from `measured` on, if there is such a phase. */
  lagMs: { p99: number; max: number };
  /**
   * The engine's utilisation during the measured load, 0 to 1: the highest event-loop utilisation
   * of a worker, or the processes' share of the host's cores. Undefined if k6 ran on another
   * machine.
   */
  utilisation?: number;
  /** Undefined if k6 ran on another machine. */
  cpuSeconds?: number;
  /** Undefined if k6 ran on another machine. */
  rssBytes?: number;
  /** Threads of the native engine, or k6 processes. */
  workers: number;
  /**
   * The largest error of the conversion to the instances' clock, milliseconds, for an engine with
   * another clock. Null if the readings contradict each other.
   */
  clockErrorMs?: number | null;
  /**
   * The largest error of the conversion of the publish times that events state, milliseconds. Only
   * without a ledger. Null if the error is unknown.
   */
  publishClockErrorMs?: number | null;
}

export type Observation =
  | RunObservation
  | PlannedObservation
  | ConnectedObservation
  | DisconnectedObservation
  | ConnectFailedObservation
  | ReceivedObservation
  | TerminalObservation
  | StrayObservation
  | MisfitObservation
  | ReplayGapObservation
  | RequestObservation
  | PublishedObservation
  | DroppedObservation
  | PipelineObservation
  | GateObservation
  | BrokerObservation
  | LedgerObservation
  | BounceObservation
  | StepObservation
  | InstanceObservation
  | PartExitObservation
  | UsageObservation
  | PhaseObservation
  | HostObservation
  | EngineObservation;

/** The destination of observations. Implementations buffer; `record` never throws or waits. */
export interface Recorder {
  record(observation: Observation): void;
}
