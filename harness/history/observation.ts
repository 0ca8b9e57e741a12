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
  "quota",
  "unexplained",
] as const;
export type Cause = (typeof CAUSES)[number];

export const BOUNCE_KINDS = ["none", "rolling", "recreate", "crash", "realtime-outage"] as const;
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
  /** Of a topology whose clients subscribe to Supabase Realtime directly. */
  realtime?: RealtimeFacts;
}

/** What played Supabase Realtime in a run, and how. */
export interface RealtimeFacts {
  /** The part's name: `realtime-standin`, or `realtime` for the real one. */
  part: string;
  /** True: not Supabase's own server. Its latency says nothing about Supabase. */
  standIn: boolean;
  /** Whose limits were in force: `none` (out of reach) or a plan of supabase.com. */
  plan: string;
  /** How events go to Realtime: by its HTTP API, or by one WebSocket of each instance. */
  publish: "http" | "websocket";
  /** True: clients ask the event log for what they missed. */
  catchUp: boolean;
  /** Client code that a page has to ship for it, bytes: realtime-js and the adaptation layer, bundled. Native EventSource needs none. */
  frontEnd: { minifiedBytes: number; gzippedBytes: number };
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
  /** Absent when the stream is the broker's own: the client subscribes to it directly, and to no instance. */
  instance?: string;
  /** The instance's own statement of when it began to deliver to this stream; without an instance, when the client read the confirmation. */
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
  /**
   * `ended` (server closed it), `error` (reset), `hint` (closed after a reconnect hint), `quota` (the broker ended it for a limit),
   * `finished` (client left after its terminal event), `drained` (engine closed it at the end).
   */
  reason: "ended" | "error" | "hint" | "quota" | "finished" | "drained";
  /** The other side's own words, where it has any. */
  detail?: string;
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
  /** True when it was refused for a limit of the broker. */
  quota?: boolean;
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
  /** When the publisher's broadcaster began to hand it to the broker, where the event says so (`RealtimePayload`). */
  sentMs?: number;
  atMs: number;
}

/**
 * An event was read that is none of a pipeline run and no control event: it carries no id of a run. A comment is no event, and a
 * client that takes one for an event shows it here.
 */
export interface StrayObservation {
  type: "stray";
  session: string;
  connection: number;
  /** The event's name; `message` when it has none. */
  name: string;
  atMs: number;
}

/** A request other than the stream was answered (status 0: no answer). `instance` tells where it was routed. */
export interface RequestObservation {
  type: "request";
  session: string;
  /** `token`: a new token for the channel; `log`: what was missed, from the event log. */
  request: "create" | "start" | "gate" | "background" | "token" | "log";
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

/** From the ledger: an event that was published with route `broker` was given up before it reached the broker. */
export interface DroppedObservation {
  type: "dropped";
  session: string;
  epoch: string;
  seq: number;
  instance: string;
  /** `DropReason` of the ledger. */
  reason: "quota" | "outage" | "refused";
  atMs: number;
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

/** From the ledger: an instance's broker connection came or went, or the broker began to refuse what it sends for a limit. */
export interface BrokerObservation {
  type: "broker";
  instance: string;
  /** `limited`: the broker is there, and what is published waits until it takes it again (`up`). */
  state: "up" | "down" | "limited";
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
  /** Instance name, or `traefik`, `haproxy`, `valkey`, `realtime`, `realtime-postgres`, `realtime-standin`. */
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
  /**
   * How busy the engine was over the measured load, 0 to 1: the highest event-loop utilisation of any worker, or the processes' share of
   * the host's cores. Undefined where nobody could look (k6 on another machine).
   */
  utilisation?: number;
  /** Undefined where nobody could look. */
  cpuSeconds?: number;
  /** Undefined where nobody could look. */
  rssBytes?: number;
  /** Threads of the native engine, or k6 processes. */
  workers: number;
  /**
   * Of an engine with a clock of its own: how far the conversion to the instances' clock may be off, milliseconds. Null: the
   * readings contradict each other.
   */
  clockErrorMs?: number | null;
}

export type Observation =
  | RunObservation
  | PlannedObservation
  | ConnectedObservation
  | DisconnectedObservation
  | ConnectFailedObservation
  | ReceivedObservation
  | StrayObservation
  | RequestObservation
  | PublishedObservation
  | DroppedObservation
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
