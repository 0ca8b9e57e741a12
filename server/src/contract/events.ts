/**
 * The event contract: what travels over a session's stream. The server writes it, every client reads it, and
 * it is the one part of `server/` that other modules may import.
 */

/** Events of the pipeline itself, in the order in which a run can show them. */
export const PIPELINE_EVENT_TYPES = [
  "stage_start",
  "section_draft",
  "pipeline_gate",
  "stage_complete",
  "pipeline_complete",
  "pipeline_error",
] as const;

/** Events of the workflow and chat routes; a pipeline's plan may contain workflow events too. */
export const WORKFLOW_EVENT_TYPES = ["replan", "preferences", "chat_message"] as const;

export type PipelineEventType = (typeof PIPELINE_EVENT_TYPES)[number] | (typeof WORKFLOW_EVENT_TYPES)[number];

/** The last event of a pipeline run. A session that never sees one of these is a stuck stream. */
export const TERMINAL_EVENT_TYPES: ReadonlySet<string> = new Set(["pipeline_complete", "pipeline_error"]);

/**
 * One event as published on `sse:session:{sessionId}` and as sent in the `data:` field of the stream.
 * On the wire: `id: <epoch>-<seq>`, `event: <type>`, `data: <this object as JSON>`.
 */
export interface PipelineSSEEvent {
  type: PipelineEventType;
  sessionId: string;
  /** Names the pipeline run: `[a-z0-9]+`. A restarted run that reuses numbers has another epoch. */
  epoch: string;
  /** 1-based position in the run, or, of events with an open end (chat, workflow changes), among these of their instance. */
  seq: number;
  /** Number of the terminal event. 0 when the end is open. */
  total: number;
  /** The instance that published the event. */
  instance: string;
  /** When the plan wanted it published. Milliseconds on CLOCK_MONOTONIC (`process.hrtime`). */
  intendedMs: number;
  /** When it was published. Same clock. */
  publishedMs: number;
  payload: Record<string, unknown>;
}

/** Control events of a stream. They carry no event id of a run and are never due. */
export const CONNECTED_EVENT = "connected";
/** Sent before a draining instance closes the stream; `data` is a {@link ReconnectHint}. */
export const RECONNECT_EVENT = "reconnect";

/** `data` of the `connected` event: sent once the instance can deliver to this stream (broker subscription included). */
export interface ConnectedNotice {
  sessionId: string;
  instance: string;
  /** When the instance began to deliver to this stream. Milliseconds on CLOCK_MONOTONIC of its host. */
  subscribedMs: number;
  /** What became of the `Last-Event-ID` that the client sent; `none` when it sent none. */
  resume: { lastEventId?: string; status: ResumeStatus };
  /** The reconnection time of the `retry:` field, for clients whose parser hides that field (xk6-sse). Milliseconds. */
  retryMs: number;
}

/** Answer of `GET /healthz`. */
export interface Health {
  status: "ok";
  instance: string;
  /**
   * The instance's clock while it answered, for clients that cannot read CLOCK_MONOTONIC themselves: with the times at which they asked and
   * heard they bound the distance of their clock to it (Cristian's algorithm). Milliseconds on CLOCK_MONOTONIC.
   */
  clockMs: number;
}

/**
 * `none`: nothing asked; `unsupported`: this broadcaster keeps no events, so the gap stays; `replayed`: all
 * missed events follow; `window-exceeded`: the id is older than what is kept; `epoch-changed`: the id is of another run.
 */
export type ResumeStatus = "none" | "unsupported" | "replayed" | "window-exceeded" | "epoch-changed";

/**
 * `data` of the `reconnect` event. A subscriber that does not read is cut without one, because it would not read that either:
 * its reason is in the instance's log (`slow-subscriber`) and in `sse_slow_subscribers_total`.
 */
export interface ReconnectHint {
  reason: "draining";
  /** How long the client should wait before it reconnects, milliseconds (also sent as the `retry:` field). */
  retryMs: number;
}

/** `data.payload` of a `pipeline_gate` event: the pipeline waits until this gate is answered. */
export interface GatePayload {
  gate: string;
}

/** Body of `POST /api/sessions/:id/pipeline`. Same plan, same events: types, payload bytes and schedule. */
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

/** 202 answer to a pipeline start. */
export interface PipelineStarted {
  epoch: string;
  total: number;
  instance: string;
}

/** 201 answer to `POST /api/sessions`. */
export interface SessionCreated {
  sessionId: string;
  /** HMAC-signed; sent as `Authorization: Bearer` or, for EventSource, as the `token` query parameter. */
  token: string;
  /** The epoch that the session's first pipeline run will have. */
  epoch: string;
  /** How to subscribe to the session's events directly, where they travel over Supabase Realtime. */
  realtime?: RealtimeAccess;
}

/** Everything a page needs to subscribe to its one session's Broadcast channel. */
export interface RealtimeAccess extends RealtimeToken {
  /** As realtime-js takes it, scheme ws or wss: `ws://host:4000/socket`, or `wss://<ref>.supabase.co/realtime/v1` for a hosted project. */
  url: string;
  /** `apikey` of the handshake. */
  apikey: string;
  /** Of a private channel: `sse:session:{sessionId}`, without the `realtime:` that it has on the WebSocket. */
  topic: string;
  /** True: what was missed can be asked for by `GET /api/sessions/:id/log`. */
  catchUp: boolean;
}

/** 200 answer to `POST /api/sessions/:id/realtime-token`: a channel ends when its token expires, unless it got a newer one. */
export interface RealtimeToken {
  /** JWT that names the session (claim `sse_session`): no other session's channel can be read with it. */
  token: string;
  /** Wall clock, milliseconds since 1970. */
  expiresAt: number;
}

/** Claim of a channel's token: the id of the one session whose channel it opens. Its `role` is `authenticated`. */
export const SESSION_CLAIM = "sse_session";

/** `payload` of a Broadcast message on a session's channel; the message's `event` is the event's type. */
export interface RealtimePayload {
  /** When the broadcaster began to hand it to Realtime. Milliseconds on CLOCK_MONOTONIC. What is sent again keeps the time of its first try. */
  sentMs: number;
  event: PipelineSSEEvent;
}

/**
 * 200 answer to `GET /api/sessions/:id/log?after=<epoch>-<seq>`: the events of that epoch after that number, in order, from the event
 * log that all instances share. Without `after`: everything kept of the session's newest epoch. 404 where there is no event log.
 */
export interface EventLogPage {
  status: Extract<ResumeStatus, "replayed" | "window-exceeded" | "epoch-changed">;
  /** With `window-exceeded`: what is still kept. With `epoch-changed`: the events of the newest epoch. */
  events: PipelineSSEEvent[];
}

/** Body of `POST /api/sessions/:id/pipeline/gate`. 202 when it reached the running pipeline, 409 with the reason otherwise. */
export interface GateResponse {
  gate: string;
  answer: string;
}

/** Response header on every answer of an instance: its name. */
export const INSTANCE_HEADER = "x-instance";

/** Redis channel and Realtime topic of a session, as the strategy names it. */
export const sessionChannel = (sessionId: string): string => `sse:session:${sessionId}`;
