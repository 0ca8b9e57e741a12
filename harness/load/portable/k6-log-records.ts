/**
 * What the k6 scripts write to their console: the same observations as the native engine's, on the
 * clock of their k6 process.
 *
 * k6 gives a script no file to write to, so each line of `console.log` is {@link LINE_MARK} and a
 * {@link K6LogLine} as ASCII JSON. k6 may put more around it (`--log-format`).
 */
import type {
  BounceKind,
  ConnectedObservation,
  ConnectFailedObservation,
  DisconnectedObservation,
  GateObservation,
  ReceivedObservation,
  RequestObservation,
  ReplayGapObservation,
  MisfitObservation,
  StrayObservation,
  TerminalObservation,
} from "../../history/observation.ts";
import type { PlannedLoad } from "./load-plan.ts";

export const LINE_MARK = "sse-lab-k6 ";
export const LINE_VERSION = 1;

export interface K6LogLine {
  v: typeof LINE_VERSION;
  /** Drawn once per k6 process: lines of one process share a clock. */
  process: string;
  records: K6LogRecord[];
}

/**
 * Times (`...Ms`) of these records are on the clock of their k6 process, but for those that an
 * instance stated itself.
 */
export type K6LogRecord =
  | PlanRecord
  | ClockRecord
  | ArrivedRecord
  | EndedRecord
  | ConnectedObservation
  | DisconnectedObservation
  | ConnectFailedObservation
  | ReceivedObservation
  | RequestObservation
  | StrayObservation
  | MisfitObservation
  | TerminalObservation
  | ReplayGapObservation
  | GateObservation;

/**
 * The script's plan, written by `setup()`. Lines of several processes can be merged if it is the
 * same in all.
 */
export interface PlanRecord {
  type: "k6-plan";
  plan: PlannedLoad;
  topology: string;
  bounce: BounceKind;
  /** 1-based. */
  repeat: number;
  /** Instances of the topology, if the script knows. */
  replicas?: number;
  atMs: number;
}

/** A question for an instance's clock, and when it was asked and answered on this process's. */
export interface ClockRecord {
  type: "k6-clock";
  instance: string;
  askedMs: number;
  /** The instance's own clock. */
  instanceMs: number;
  answeredMs: number;
}

/**
 * A session arrived: `dueMs` by the schedule, `atMs` in fact. The scenario of its process began at
 * `dueMs` less the session's offset.
 */
export interface ArrivedRecord {
  type: "k6-arrived";
  session: string;
  dueMs: number;
  atMs: number;
}

/** Nothing more comes of a session. Its last record. */
export interface EndedRecord {
  type: "k6-ended";
  session: string;
  atMs: number;
}
