/**
 * Readers of what the server says, field by field. Written by hand, since no schema library fits
 * into k6. Each returns undefined for anything but what is expected.
 */
import { parseJson } from "../../../../common/portable/parse-json.ts";
import type { LogAnswer } from "../realtime/session-feed.ts";
import type {
  ConnectedNotice,
  Health,
  PipelineSSEEvent,
  PipelineStarted,
  RealtimeAccess,
  RealtimeToken,
  ReconnectHint,
  SessionCreated,
} from "../../../../server/src/contract/events.ts";

type Fields = Readonly<Record<string, unknown>>;
/** `text`: a string that is not empty. */
type Kind = "string" | "text" | "number" | "boolean" | "object";

/** True when each named field is of its kind; numbers have to be finite. */
const has = (value: unknown, kinds: Readonly<Record<string, Kind>>): value is Fields =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(kinds).every(([key, kind]) => isOfKind((value as Fields)[key], kind));

const isOfKind = (field: unknown, kind: Kind): boolean => {
  if (kind === "text") return typeof field === "string" && field !== "";
  if (kind === "number") return Number.isFinite(field);
  return typeof field === kind && field !== null;
};

export const readHealth = (value: unknown): Health | undefined =>
  has(value, { instance: "string", clockMs: "number" }) ? (value as unknown as Health) : undefined;

const ACCESS = {
  token: "text",
  expiresInS: "number",
  expiresAt: "number",
  url: "string",
  apikey: "string",
  topic: "text",
  catchUp: "boolean",
} as const satisfies Record<keyof RealtimeAccess, Kind>;

const SOCKET_URL = /^(?:ws|http)s?:\/\/[^/]/;

/** Without `realtime` when that is malformed. */
export const readCreated = (value: unknown): SessionCreated | undefined => {
  if (!has(value, { sessionId: "text", token: "text", epoch: "string" })) return undefined;
  const { sessionId, token, epoch, realtime } = value as unknown as SessionCreated;
  return { sessionId, token, epoch, ...(isAccess(realtime) ? { realtime } : {}) };
};

const isAccess = (value: unknown): value is RealtimeAccess =>
  has(value, ACCESS) && SOCKET_URL.test((value as unknown as RealtimeAccess).url);

export const readToken = (value: unknown): RealtimeToken | undefined =>
  has(value, { token: "text", expiresInS: "number" })
    ? (value as unknown as RealtimeToken)
    : undefined;

const LOG_STATUSES: ReadonlySet<unknown> = new Set<LogAnswer["status"]>([
  "replayed",
  "window-exceeded",
  "epoch-changed",
]);

/** An answer of the event log; its events are unread. */
export const readLogAnswer = (value: unknown): LogAnswer | undefined =>
  has(value, { events: "object" }) &&
  LOG_STATUSES.has(value["status"]) &&
  Array.isArray(value["events"])
    ? (value as unknown as LogAnswer)
    : undefined;

export const readStarted = (value: unknown): PipelineStarted | undefined =>
  has(value, { epoch: "string", total: "number", instance: "string" })
    ? (value as unknown as PipelineStarted)
    : undefined;

/** The answer to a start names the epoch of the run, also when the run was there before. */
export const namesEpoch = (value: unknown): boolean => has(value, { epoch: "string" });

/** @param text data of a `connected` event */
export const readConnected = (
  text: string,
): Pick<ConnectedNotice, "instance" | "subscribedMs" | "retryMs" | "resume"> | undefined => {
  const value = parseJson(text);
  const kinds = {
    instance: "string",
    subscribedMs: "number",
    retryMs: "number",
    resume: "object",
  } as const;
  if (!has(value, kinds)) return undefined;
  return has(value["resume"], { status: "string" })
    ? (value as unknown as ConnectedNotice)
    : undefined;
};

/** @param text data of a `reconnect` event */
export const readHint = (text: string): Pick<ReconnectHint, "retryMs"> | undefined => {
  const value = parseJson(text);
  if (!has(value, { retryMs: "number" })) return undefined;
  const hint = value as unknown as ReconnectHint;
  return hint.retryMs >= 0 ? hint : undefined;
};

/** @param value data of a `replay_gap` event @returns why events are missing */
export const readReplayGap = (value: unknown): string | undefined =>
  has(value, { reason: "string" }) ? (value["reason"] as string) : undefined;

const PUBLICATION = {
  sessionId: "string",
  epoch: "string",
  seq: "number",
  intendedMs: "number",
  publishedMs: "number",
  instance: "string",
} as const satisfies Partial<Record<keyof PipelineSSEEvent, Kind>>;

/** An event that says when it was published. */
export const readPublication = (value: unknown): PipelineSSEEvent | undefined =>
  has(value, PUBLICATION) ? (value as unknown as PipelineSSEEvent) : undefined;

/** The gate at which the pipeline waits; undefined for any other event. */
export const gateOf = (value: unknown): string | undefined => {
  const payload = has(value, { payload: "object" }) ? value["payload"] : undefined;
  return has(payload, { gate: "string" }) ? (payload["gate"] as string) : undefined;
};
