/**
 * What an engine knows of a service: its service file, compiled. Plain data, because it crosses
 * thread boundaries and reaches k6 as JSON. `harness/service/compile` makes it.
 */

/** JSON pointer (RFC 6901) into the JSON of an answer or of an event's data. */
export type Pointer = string;

/**
 * Text with placeholders, like `${session.id}`. `$${` stands for a plain `${`. Placeholders:
 * `session.NAME` (a value of the session), `load.events`, `load.rate`, `load.gates`,
 * `load.payloadBytes`, `load.seed` (of this session's run), `gate` (in the answer to a gate).
 */
export type Template = string;

/** JSON whose strings are templates. A string that is one placeholder keeps the value's type. */
export type JsonTemplate =
  | string
  | number
  | boolean
  | null
  | readonly JsonTemplate[]
  | { readonly [key: string]: JsonTemplate };

export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

export interface RequestTemplate {
  method: (typeof METHODS)[number];
  /** Path and query. Values are percent-encoded. */
  path: Template;
  /** Names in lower case. */
  headers: Readonly<Record<string, Template>>;
  /** Text is sent as it is, anything else as JSON. Absent: no body. */
  body?: JsonTemplate;
}

/** A request whose answer says whether it worked. */
export interface CheckedRequest extends RequestTemplate {
  /** Statuses of success. Empty: any 2xx. */
  accept: readonly number[];
}

/** Where a value of the session comes from. */
export type ValueSource =
  | { from: "body"; pointer: Pointer }
  /** `pattern` takes a part of the header's value: its group 1. */
  | { from: "header"; name: string; pattern?: string }
  | { from: "cookie"; name: string }
  /** Chosen by the client: a random UUID. */
  | { from: "client" };

export interface SessionProtocol {
  /** Absent: the service knows no session before its stream. */
  request?: CheckedRequest;
  /** By name. `id` always exists. It names the session in a ledger. */
  values: Readonly<Record<string, ValueSource>>;
  /** Headers of all requests of a session that has begun, the stream included. */
  credentials: Readonly<Record<string, Template>>;
}

/** What shows that the stream delivers from now on. */
export type Confirmation =
  | { by: "head" }
  /** The first byte of the body, comments included. */
  | { by: "byte" }
  | {
      by: "event";
      name: string;
      instance?: Pointer;
      /** When delivery began, milliseconds on the service's CLOCK_MONOTONIC. */
      since?: Pointer;
      /** What became of the client's `Last-Event-ID`. */
      resume?: Pointer;
      /** Reconnection time, milliseconds, for clients that cannot see the `retry:` field. */
      retry?: Pointer;
    };

export interface StreamProtocol {
  /** As a fetch-based client sends it. */
  request: RequestTemplate;
  /** Path and query of a browser's EventSource, which sets no header. Absent: it cannot open it. */
  eventSourcePath?: Template;
  confirmed: Confirmation;
  /** True if a reconnect sends the last event id. */
  sendsLastEventId: boolean;
  /** Names of events that mean nothing, like heartbeats. */
  noise: readonly string[];
  /** Sent before the server closes the stream. `retry`: milliseconds to wait. */
  hint?: { name: string; retry?: Pointer };
  /** Says that events are missing that will not come. */
  gap?: { name: string; reason?: Pointer };
}

/** The request that starts the work which the stream reports. */
export interface StartProtocol extends CheckedRequest {
  /** This status means that an earlier try got through, if the answer has a string there. */
  running?: { status: number; has: Pointer };
  /** What the answer says of the run: its name, the number of its events, and who runs it. */
  run?: Pointer;
  total?: Pointer;
  instance?: Pointer;
}

/** Work that waits until the page answers. */
export interface GateProtocol extends CheckedRequest {
  /** Name of the event that offers a gate. */
  event: string;
  /** Where its data names the gate. */
  gate: Pointer;
}

/** Events that one of these fits. */
export interface EventMatch {
  /** By name. */
  names: readonly string[];
  /** By their whole data, like `[DONE]`. */
  data: readonly string[];
  /** By a field: it has one of these values, or any but null if there are none. */
  fields: readonly { pointer: Pointer; values: readonly (string | number | boolean)[] }[];
}

/** Clocks of publish times. `monotonic`: CLOCK_MONOTONIC; all but `unix-s` in milliseconds. */
export const PUBLISH_CLOCKS = ["monotonic", "unix-ms", "unix-s", "iso-8601"] as const;
export type PublishClock = (typeof PUBLISH_CLOCKS)[number];

export interface EventProtocol {
  /**
   * Numbers of a run's events. `first` becomes number 1 of the history; smaller ones do not count.
   * Null: events have none, so single losses cannot be seen.
   */
  sequence:
    | { from: "data"; pointer: Pointer; first: number }
    | { from: "id"; pattern: IdPattern; first: number }
    | null;
  /**
   * What tells runs apart that count anew. `id`: a part of the event's id. `connection`: each
   * connection is a run. Null: a session has one run.
   */
  run: { from: "data"; pointer: Pointer } | { from: "id" } | { from: "connection" } | null;
  /**
   * How many events a run has. `plan`: as many as the start asked for (`load.events`). Null: the
   * number of the terminal event, if it has one.
   */
  total:
    { from: "plan" } | { from: "data"; pointer: Pointer } | { from: "file"; events: number } | null;
  /** When an event was published. */
  published?: { pointer: Pointer; clock: PublishClock };
  /** The last event of a run. */
  terminal: EventMatch;
  /** The last event of a run that failed. */
  error: EventMatch;
}

/** Regular expression of an event's id, and the groups in it. */
export interface IdPattern {
  source: string;
  sequence: number;
  run?: number;
  /** Present if the id is run, separator and number. */
  separator?: string;
}

/** Supabase Realtime in the place of the stream, in topologies that use it. */
export interface RealtimeProtocol {
  /** Where the answer of the session's request has what a page needs to subscribe. */
  access: Pointer;
  token: RequestTemplate;
  log: RequestTemplate;
}

export interface ServiceProtocol {
  name: string;
  /** Response header that names the instance, in lower case. */
  instanceHeader?: string;
  session: SessionProtocol;
  /**
   * A cheap request that pages send in between, so that a round robin meets no fixed pattern. If
   * `clock` is given, the answer has the instance's CLOCK_MONOTONIC there, milliseconds.
   */
  background?: RequestTemplate & { clock?: Pointer; instance?: Pointer };
  stream: StreamProtocol;
  /** Absent: opening the stream starts the work, or somebody else does. */
  start?: StartProtocol;
  gate?: GateProtocol;
  event: EventProtocol;
  realtime?: RealtimeProtocol;
}
