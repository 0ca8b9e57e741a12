/**
 * The event contract: the events of a session's stream and the bodies of the API. The server writes
 * them and every client reads them. Other rooms import only this folder of `server/`.
 */

/** Events of the pipeline itself, in the order of a run. */
export const PIPELINE_EVENT_TYPES = [
  "stage_start",
  "section_draft",
  "pipeline_gate",
  "stage_complete",
  "pipeline_complete",
  "pipeline_error",
] as const;

/** Events of the workflow and chat routes. A pipeline's plan can contain workflow events too. */
export const WORKFLOW_EVENT_TYPES = ["replan", "preferences", "chat_message"] as const;

export type PipelineEventType =
  (typeof PIPELINE_EVENT_TYPES)[number] | (typeof WORKFLOW_EVENT_TYPES)[number];

/** The last event of a pipeline run. A session that never gets one is a stuck stream. */
export const TERMINAL_EVENT_TYPES: ReadonlySet<string> = new Set([
  "pipeline_complete",
  "pipeline_error",
]);

/**
 * One event as published on `sse:session:{sessionId}` and as sent in the `data:` field of the
 * stream. On the wire: `id: <epoch>-<seq>`, `event: <type>`, `data: <this object as JSON>`.
 */
export interface PipelineSSEEvent {
  type: PipelineEventType;
  sessionId: string;
  /**
   * Identifies the pipeline run: `[a-z0-9]+`. A restarted run that reuses numbers has another
   * epoch.
   */
  epoch: string;
  /** 1-based number in the run, or among the ad-hoc events (chat, workflow) of the instance. */
  seq: number;
  /** Number of the terminal event, or 0 for an ad-hoc event. */
  total: number;
  /** The instance that published the event. */
  instance: string;
  /** Planned time of publication, milliseconds on CLOCK_MONOTONIC (`process.hrtime`). */
  intendedMs: number;
  /** Actual time of publication, on the same clock. */
  publishedMs: number;
  payload: Record<string, unknown>;
}

/** A control event: it has no event id of a run and is never due. */
export const CONNECTED_EVENT = "connected";
/** Sent before the server closes the stream. Its `data` is a {@link ReconnectHint}. */
export const RECONNECT_EVENT = "reconnect";

/**
 * Sent where events are missing that this stream's client does not have. Its `data` is a
 * {@link ReplayGap}. Its id is the position behind the gap.
 */
export const REPLAY_GAP_EVENT = "replay_gap";

/**
 * `data` of `replay_gap`: the client missed events between two positions, and they are not coming.
 */
export interface ReplayGap {
  sessionId: string;
  /**
   * `window-exceeded`: the log no longer holds them; `epoch-changed`: the client's id belongs to a
   * run that the log does not know; `log-lost`: the broker lost its data; `not-kept`: the instance
   * could not keep them until the broker was back.
   */
  reason: "window-exceeded" | "epoch-changed" | "log-lost" | "not-kept";
  /** The client's last id. */
  after: string | null;
  /** The id after which events follow without a gap. */
  resumesAfter: string;
  /** Undefined if the broker does not know what is missing. Both ends are included. */
  missing?: { epoch: string; from: number; to: number };
}

/**
 * `data` of `connected`, sent once the instance can deliver to this stream, with its broker too.
 */
export interface ConnectedNotice {
  sessionId: string;
  instance: string;
  /** When the instance began to deliver, milliseconds on CLOCK_MONOTONIC of its host. */
  subscribedMs: number;
  /** The outcome of the client's `Last-Event-ID`; `none` if it sent none. */
  resume: { lastEventId?: string; status: ResumeStatus };
  /** Milliseconds of the `retry:` field, for clients whose parser hides that field (xk6-sse). */
  retryMs: number;
}

/** Response of `GET /healthz`. */
export interface Health {
  status: "ok";
  instance: string;
  /**
   * The instance's clock at the response, milliseconds on CLOCK_MONOTONIC. Clients that cannot read
   * this clock bound their offset to it with their own times of request and response (Cristian's
   * algorithm).
   */
  clockMs: number;
}

/**
 * `none`: no id was sent; `unsupported`: this broadcaster keeps no events, so the gap remains;
 * `replayed`: all missed events follow; `window-exceeded`: the id is older than the kept events;
 * `epoch-changed`: the id belongs to another run; `log-lost`: the broker lost its data.
 */
export type ResumeStatus =
  "none" | "unsupported" | "replayed" | "window-exceeded" | "epoch-changed" | "log-lost";

/**
 * `data` of the `reconnect` event. A client that does not read is cut without it. The reason is in
 * the instance's log (`slow-subscriber`) and in `sse_slow_subscribers_total`.
 */
export interface ReconnectHint {
  /** `expired`: the session's token is over, so a reconnect needs a new session. */
  reason: "draining" | "expired";
  /** Wait before the reconnect, milliseconds. Also sent as the `retry:` field. */
  retryMs: number;
}

/** Body of `POST /api/sessions/:id/pipeline`. Equal plans give equal events and schedules. */
export interface PipelinePlan {
  /** Number of events including the terminal one (1 to 1,000,000). */
  events: number;
  eventsPerSecond: number;
  /** Gates spread evenly over the run (0 or more, fewer than `events`). */
  gates: number;
  /** Length of each event's `payload.text`, bytes. */
  payloadBytes: number;
  seed: number;
}

/** 202 response to a pipeline start. */
export interface PipelineStarted {
  epoch: string;
  total: number;
  instance: string;
}

/** 201 response to `POST /api/sessions`. */
export interface SessionCreated {
  sessionId: string;
  /**
   * HMAC-signed. Send it as `Authorization: Bearer` or, with EventSource, as the query's `token`.
   */
  token: string;
  /** The epoch of the session's first pipeline run. */
  epoch: string;
  /** How to subscribe directly, if events go over Supabase Realtime. */
  realtime?: RealtimeAccess;
}

/** What a page needs to subscribe to its session's Broadcast channel. */
export interface RealtimeAccess extends RealtimeToken {
  /**
   * As realtime-js expects it, with scheme ws or wss: `ws://host:4000/socket`, or
   * `wss://<ref>.supabase.co/realtime/v1` for a hosted project.
   */
  url: string;
  /** `apikey` of the handshake. */
  apikey: string;
  /** A private channel: `sse:session:{sessionId}`, without the WebSocket's prefix `realtime:`. */
  topic: string;
  /** True if `GET /api/sessions/:id/log` returns missed events. */
  catchUp: boolean;
}

/**
 * 200 response to `POST /api/sessions/:id/realtime-token`. A channel ends when its token expires,
 * unless the page sends a newer one.
 */
export interface RealtimeToken {
  /** JWT with the session id in the claim `sse_session`: it opens no other session's channel. */
  token: string;
  /**
   * The rest of its life when the server answers, whole seconds. A page counts it from the arrival
   * on a clock that only goes forward, since its wall clock may be wrong.
   */
  expiresInS: number;
  /** The server's wall clock, milliseconds since 1970. */
  expiresAt: number;
}

/** Claim of a channel's token: the id of its session. The token's `role` is `sse_page`. */
export const SESSION_CLAIM = "sse_session";

/** `payload` of a Broadcast message on a session's channel. Its `event` is the event's type. */
export interface RealtimePayload {
  /** When the broadcaster first tried to send it, milliseconds on CLOCK_MONOTONIC. */
  sentMs: number;
  event: PipelineSSEEvent;
}

/**
 * 200 response to `GET /api/sessions/:id/log?after=<epoch>-<seq>`: the events of that epoch after
 * that number, in order, from the event log that all instances share. Without `after`: the kept
 * events of the session's newest epoch. The response is 404 without an event log.
 */
export interface EventLogPage {
  status: Extract<ResumeStatus, "replayed" | "window-exceeded" | "epoch-changed">;
  /** `window-exceeded`: the events still kept. `epoch-changed`: those of the newest epoch. */
  events: PipelineSSEEvent[];
}

/**
 * Body of `POST /api/sessions/:id/pipeline/gate`. The response is 202 if it reached the running
 * pipeline, else 409 with the reason.
 */
export interface GateResponse {
  gate: string;
  answer: string;
}

/** Response header with the name of the instance. */
export const INSTANCE_HEADER = "x-instance";

/** Redis channel and Realtime topic of a session, as the strategy names them. */
export const sessionChannel = (sessionId: string): string => `sse:session:${sessionId}`;
