/**
 * The messages between a VU's thread and the double's main thread. The main thread does all I/O.
 * The VU blocks until the answer, like a VU of k6.
 */
import type { MessagePort } from "node:worker_threads";

export type Tags = Record<string, string>;
export type MetricType = "counter" | "gauge" | "rate" | "trend";

/** Format and destination of log lines, see log-line.ts. */
export interface LogSettings {
  format: "raw" | "json" | "text";
  /** File descriptor of `--console-output`; undefined: the console writes to stderr. */
  consoleFd?: number;
}

export interface ScriptFile {
  path: string;
  /** JavaScript of the script and of all that it imports, by absolute path. */
  sources: Record<string, string>;
}

/** Start data of a VU's thread. */
export interface VuData {
  idInTest: number;
  idInInstance: number;
  script: ScriptFile;
  env: Record<string, string>;
  log: LogSettings;
  /** Sends calls and notes to the main thread; receives only the answers to calls. */
  port: MessagePort;
  /** Int32: number of answers; the VU waits on it. */
  signal: SharedArrayBuffer;
  /** Int32 of the process: iterations completed and interrupted, VUs active and initialised. */
  counters: SharedArrayBuffer;
}

/** The options of a script that its VUs need. */
export interface VuOptions {
  userAgent: string;
  throw: boolean;
  noCookiesReset: boolean;
  discardResponseBodies: boolean;
  maxRedirects: number;
  tags: Tags;
}

export interface ScenarioState {
  name: string;
  executor: "per-vu-iterations";
  exec: string;
  iterations: number;
  tags: Tags;
  env: Record<string, string>;
  /** Unix time in ms. */
  startTime: number;
  maxDurationMs: number;
}

export type VuCommand =
  | { command: "init" }
  | { command: "setup"; options: VuOptions; testStartedAt: number }
  | {
      command: "iterate";
      options: VuOptions;
      testStartedAt: number;
      scenario: ScenarioState;
      /** JSON of the result of setup(). */
      setupData: string | undefined;
    }
  | {
      command: "teardown";
      options: VuOptions;
      testStartedAt: number;
      setupData: string | undefined;
    }
  | { command: "summary"; data: string }
  /** The answer to an asynchronous call. */
  | { command: "settle"; id: number; reply: unknown };

export type VuNote =
  | { note: "call"; op: CallName; payload: unknown }
  | { note: "call-async"; id: number; op: CallName; payload: unknown }
  | { note: "metric"; name: string; type: MetricType; isTime: boolean }
  | { note: "sample"; metric: string; value: number; tags: Tags }
  | { note: "check"; name: string; passed: boolean; tags: Tags }
  | { note: "iteration"; durationMs: number; tags: Tags }
  | { note: "abort"; reason: string }
  | { note: "mark-failed" }
  | { note: "done"; result: CommandResult };

export interface CommandResult {
  /** Text of the exception of the script. */
  error?: string;
  /**
   * JSON that depends on the command: {@link InitResult} of `init`, the data of `setup`, the
   * outputs of `summary` as entries.
   */
  json?: string;
}

export interface InitResult {
  exports: string[];
  options: Record<string, unknown>;
}

/** The calls of a VU to the main thread: payload and reply. */
export interface Calls {
  http: { payload: HttpRequest; reply: HttpReply };
  "sse-open": { payload: SseRequest; reply: SseOpened };
  "sse-next": { payload: { stream: number }; reply: SseSignal };
  "sse-close": { payload: { stream: number }; reply: null };
  jar: { payload: JarCall; reply: Record<string, string[]> };
  /** Null: the caller has to build the array; other callers wait. */
  "shared-array": { payload: { name: string }; reply: SharedItems | null };
  "share-array": { payload: { name: string; items: SharedItems | null }; reply: null };
}
export type CallName = keyof Calls;

/** Items of a SharedArray as JSON. Item i is bytes `offsets[i]` to `offsets[i + 1]`. */
export interface SharedItems {
  bytes: SharedArrayBuffer;
  /** Float64. */
  offsets: SharedArrayBuffer;
}

export interface HttpRequest {
  method: string;
  url: string;
  /** Canonical names. */
  headers: Record<string, string>;
  body: string | ArrayBuffer | null;
  timeoutMs: number;
  redirects: number;
  jar: number;
  /** Of this request only. */
  cookies: Record<string, string>;
  tags: Tags;
  discardBody: boolean;
}

export interface HttpReply {
  status: number;
  statusText: string;
  url: string;
  headers: Record<string, string>;
  cookies: Record<string, ReplyCookie[]>;
  body: Uint8Array | null;
  error: string;
  errorCode: number;
  waitingMs: number;
  durationMs: number;
  remoteIp: string;
  remotePort: number;
}

export interface ReplyCookie {
  name: string;
  value: string;
  domain: string;
  path: string;
  http_only: boolean;
  secure: boolean;
  max_age: number;
  expires: number;
}

export interface SseRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
  /** 0: none. */
  timeoutMs: number;
  jar: number;
  tags: Tags;
}

export type SseOpened =
  { stream: number; status: number; headers: Record<string, string> } | { error: string };

export interface SseEvent {
  id: string;
  comment: string;
  name: string;
  data: string;
}

export type SseSignal =
  { type: "event"; event: SseEvent } | { type: "error"; message: string } | { type: "closed" };

export type JarCall =
  | { jar: number; action: "get"; url: string }
  | { jar: number; action: "set"; url: string; name: string; value: string; attributes: string }
  | { jar: number; action: "clear"; url: string }
  | { jar: number; action: "delete"; url: string; name: string }
  | { jar: number; action: "reset" };
