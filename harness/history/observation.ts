/**
 * The history's vocabulary: everything that is known of a run is one of these records, one JSON object a line.
 * The load engine, the nemesis and the ledger collector write them; the checker reads nothing else.
 *
 * Times (`...Ms`) are milliseconds on CLOCK_MONOTONIC unless said otherwise. Records need not be sorted by time.
 * A `run` record opens a run; all records up to the next `run` record belong to it.
 */

export const CAUSES = [
  "no-route",
  "in-flight-at-disconnect",
  "while-disconnected",
  "replay-window-exceeded",
  "epoch-changed",
  "broker-gap",
  "unexplained",
] as const;
export type Cause = (typeof CAUSES)[number];

export const BOUNCE_KINDS = ["none", "rolling", "recreate", "crash"] as const;
export type BounceKind = (typeof BOUNCE_KINDS)[number];

/** Opens a run and says what was promised of it. */
export interface RunObservation {
  type: "run";
  topology: string;
  bounce: BounceKind;
  /** 1-based. */
  repeat: number;
  seed: number;
  replicas: number;
  atMs: number;
  /** Wall clock, ISO 8601, for people only. */
  startedAt: string;
  promise: {
    /** Causes of loss allowed in this run (steady or bounced, already chosen). */
    allowedCauses: readonly Cause[];
    neverPublishedAllowed: boolean;
    routedByChance: boolean;
    sentence: string;
  };
  load: { sessions: number; eventsPerSecond: number; durationS: number; gates: number };
  /** Anything about the run's set-up that the reader of the report must know, one sentence each. */
  notes: readonly string[];
}

/** One session of the plan: `events` pairs are due for it, whatever becomes of it. Written before any load. */
export interface PlannedObservation {
  type: "planned";
  /** The plan's name of the session, the same in every topology: `s0`, `s1`, ... */
  session: string;
  events: number;
  arriveMs: number;
}

/** A stream is confirmed: the server's `connected` event was read. */
export interface ConnectedObservation {
  type: "connected";
  session: string;
  /** 1-based number of the connection within the session. */
  connection: number;
  instance: string;
  /** The instance's own statement of when it began to deliver to this stream. */
  subscribedMs: number;
  /** `ResumeStatus` of the event contract. */
  resume: string;
  atMs: number;
}

/** A confirmed stream ended. */
export interface DisconnectedObservation {
  type: "disconnected";
  session: string;
  connection: number;
  /** `ended` (server closed it), `error` (reset), `hint` (closed after a reconnect hint), `finished` (client left after its terminal event), `drained` (engine closed it at the end). */
  reason: "ended" | "error" | "hint" | "finished" | "drained";
  atMs: number;
}

/** An attempt to open a stream that did not lead to `connected`. */
export interface ConnectFailedObservation {
  type: "connect-failed";
  session: string;
  connection: number;
  /** HTTP status, or 0 when there was no answer. */
  status: number;
  reason: string;
  /** True when this client model gives up for good (WHATWG EventSource on a non-200). */
  fatal: boolean;
  atMs: number;
}

/** An event with an id was read. Comments and control events are never recorded here. */
export interface ReceivedObservation {
  type: "received";
  session: string;
  connection: number;
  epoch: string;
  seq: number;
  /** True on the run's last event (`pipeline_complete`, `pipeline_error`). */
  terminal?: boolean;
  atMs: number;
}

/** A request other than the stream was answered (status 0: no answer). `instance` tells where it was routed. */
export interface RequestObservation {
  type: "request";
  session: string;
  request: "create" | "start" | "gate" | "background";
  status: number;
  instance?: string;
  /** On a `create` that succeeded: the id under which the ledgers know this session. */
  sessionId?: string;
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

/** From the ledger: a pipeline run began or ended. `aborted`: it ended before its terminal event. */
export interface PipelineObservation {
  type: "pipeline";
  session: string;
  epoch: string;
  instance: string;
  state: "started" | "completed" | "aborted";
  total: number;
  reason?: string;
  atMs: number;
}

/** `offered` and `reached` come from the ledger, `answered` from the client (with the answer's HTTP status). */
export interface GateObservation {
  type: "gate";
  session: string;
  gate: string;
  state: "offered" | "answered" | "reached";
  status?: number;
  atMs: number;
}

/** From the ledger: an instance's broker connection came or went. */
export interface BrokerObservation {
  type: "broker";
  instance: string;
  state: "up" | "down";
  atMs: number;
}

/** An instance's ledger file was collected. `torn`: its last line is incomplete. `missing`: a process ran, its file is not there. */
export interface LedgerObservation {
  type: "ledger";
  instance: string;
  state: "read" | "torn" | "missing";
  records: number;
}

/** The nemesis disturbed one target. `bounce` counts the disturbances of the run from 1. */
export interface BounceObservation {
  type: "bounce";
  bounce: number;
  kind: BounceKind;
  target: string;
  state: "started" | "ended";
  /** Set on `ended` when the disturbance did not succeed. */
  error?: string;
  atMs: number;
}

/** What the platform saw of an instance. */
export interface InstanceObservation {
  type: "instance";
  instance: string;
  state: "started" | "ready" | "not-ready" | "stopped" | "killed";
  atMs: number;
}

/** A part of the deployment that no bounce was to touch (router, broker) ended by itself. */
export interface PartExitObservation {
  type: "part-exit";
  /** As the platform calls it: `traefik`, `valkey`. */
  part: string;
  atMs: number;
}

/** A reading of what one part of the deployment has used since it started. */
export interface UsageObservation {
  type: "usage";
  /** Instance name, or `traefik`, `haproxy`, `valkey`. */
  part: string;
  role: "server" | "router" | "broker";
  /** Names the process or container: its counters begin at 0 with it. */
  incarnation: string;
  /** `cgroup`: of the whole container. `procfs`: of the process, without what the kernel does for its sockets. */
  source: "cgroup" | "procfs";
  /** User and system. */
  cpuSeconds: number;
  /** Anonymous resident memory: what it asked for, without files that it shares with others. */
  memoryBytes: number;
  /** What the kernel holds in its socket buffers. Undefined where the host does not account for it. */
  socketMemoryBytes?: number;
  /** Bytes that came in and went out over its network interface. Undefined without an interface of its own. */
  receivedBytes?: number;
  sentBytes?: number;
  /** Harness clock. */
  atMs: number;
}

/** The measured load began, arrivals ended (`loaded`: every session of the plan has arrived), the drain began, the drain ended. */
export interface PhaseObservation {
  type: "phase";
  phase: "load-started" | "loaded" | "drain-started" | "drain-ended";
  atMs: number;
}

/** What the load engine says of itself at the end, so that nobody blames the topology for it. */
export interface EngineObservation {
  type: "engine";
  /** How late the engine's own loop ran, milliseconds. */
  lagMs: { p99: number; max: number };
  /** Highest event-loop utilisation of any worker over the measured load, 0 to 1. */
  utilisation: number;
  cpuSeconds: number;
  rssBytes: number;
  workers: number;
}

export type Observation =
  | RunObservation
  | PlannedObservation
  | ConnectedObservation
  | DisconnectedObservation
  | ConnectFailedObservation
  | ReceivedObservation
  | RequestObservation
  | PublishedObservation
  | PipelineObservation
  | GateObservation
  | BrokerObservation
  | LedgerObservation
  | BounceObservation
  | InstanceObservation
  | PartExitObservation
  | UsageObservation
  | PhaseObservation
  | EngineObservation;

/** Where load and nemesis write. Implementations buffer; `record` never throws and never waits. */
export interface Recorder {
  record(observation: Observation): void;
}
