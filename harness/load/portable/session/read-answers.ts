/** What the server says, checked field by field: the scripts take no schema library with them. Undefined: it is not what was expected. */
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
type Kind = "string" | "number" | "boolean" | "object";

/** True when each named field is of its kind; numbers have to be finite. */
export const has = (value: unknown, kinds: Readonly<Record<string, Kind>>): value is Fields =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(kinds).every(([key, kind]) => {
    const field = (value as Fields)[key];
    if (typeof field !== kind || field === null) return false;
    return kind !== "number" || Number.isFinite(field);
  });

export const readHealth = (value: unknown): Health | undefined =>
  has(value, { instance: "string", clockMs: "number" }) ? (value as unknown as Health) : undefined;

const ACCESS = {
  token: "string",
  expiresAt: "number",
  url: "string",
  apikey: "string",
  topic: "string",
  catchUp: "boolean",
} as const satisfies Record<keyof RealtimeAccess, Kind>;

const SOCKET_URL = /^(?:ws|http)s?:\/\/[^/]/;

/** Without `realtime` where that is not what it should be. */
export const readCreated = (value: unknown): SessionCreated | undefined => {
  if (!has(value, { sessionId: "string", token: "string", epoch: "string" })) return undefined;
  const { sessionId, token, epoch, realtime } = value as unknown as SessionCreated;
  if (sessionId === "" || token === "") return undefined;
  return { sessionId, token, epoch, ...(isAccess(realtime) ? { realtime } : {}) };
};

const isAccess = (value: unknown): value is RealtimeAccess =>
  has(value, ACCESS) && SOCKET_URL.test((value as unknown as RealtimeAccess).url);

export const readToken = (value: unknown): RealtimeToken | undefined =>
  has(value, { token: "string", expiresAt: "number" }) ? (value as unknown as RealtimeToken) : undefined;

/** What the event log has, entry by entry unread. */
export const readLogAnswer = (value: unknown): LogAnswer | undefined =>
  has(value, { status: "string", events: "object" }) && Array.isArray(value["events"])
    ? (value as unknown as LogAnswer)
    : undefined;

export const readStarted = (value: unknown): PipelineStarted | undefined =>
  has(value, { epoch: "string", total: "number", instance: "string" })
    ? (value as unknown as PipelineStarted)
    : undefined;

/** The answer to a start names the epoch of the run, also when it was running before. */
export const namesEpoch = (value: unknown): boolean => has(value, { epoch: "string" });

export const readConnected = (
  text: string,
): Pick<ConnectedNotice, "instance" | "subscribedMs" | "retryMs" | "resume"> | undefined => {
  const value = parseJson(text);
  if (!has(value, { instance: "string", subscribedMs: "number", retryMs: "number", resume: "object" }))
    return undefined;
  return has(value["resume"], { status: "string" }) ? (value as unknown as ConnectedNotice) : undefined;
};

export const readHint = (text: string): Pick<ReconnectHint, "retryMs"> | undefined => {
  const value = parseJson(text);
  if (!has(value, { retryMs: "number" })) return undefined;
  const hint = value as unknown as ReconnectHint;
  return hint.retryMs >= 0 ? hint : undefined;
};

const EVENT = {
  sessionId: "string",
  epoch: "string",
  seq: "number",
  intendedMs: "number",
  publishedMs: "number",
  instance: "string",
} as const satisfies Partial<Record<keyof PipelineSSEEvent, Kind>>;

export const readEvent = (text: string): PipelineSSEEvent | undefined => {
  const value = parseJson(text);
  return has(value, EVENT) ? (value as unknown as PipelineSSEEvent) : undefined;
};

/** The gate at which the pipeline waits; undefined of any other event. */
export const gateOf = ({ payload }: Pick<PipelineSSEEvent, "payload">): string | undefined => {
  const gate = payload["gate"];
  return typeof gate === "string" ? gate : undefined;
};

/** As {@link gateOf}, of an event whose other fields may be missing. */
export const readGate = (text: string): string | undefined => {
  const value = parseJson(text);
  return has(value, { payload: "object" }) ? gateOf(value as unknown as PipelineSSEEvent) : undefined;
};
