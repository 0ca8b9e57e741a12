/**
 * Readers of what the lab's own server says beyond its service file, field by field. Written by
 * hand, since no schema library fits into k6. Each returns undefined for anything but what is
 * expected.
 */
import type { LogAnswer } from "../realtime/session-feed.ts";
import type { PipelineSSEEvent, RealtimeToken } from "../../../../server/src/contract/events.ts";

type Fields = Readonly<Record<string, unknown>>;
/** `text`: a string that is not empty. */
export type Kind = "string" | "text" | "number" | "boolean" | "object";

/** True when each named field is of its kind; numbers have to be finite. */
export const has = (value: unknown, kinds: Readonly<Record<string, Kind>>): value is Fields =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(kinds).every(([key, kind]) => isOfKind((value as Fields)[key], kind));

const isOfKind = (field: unknown, kind: Kind): boolean => {
  if (kind === "text") return typeof field === "string" && field !== "";
  if (kind === "number") return Number.isFinite(field);
  return typeof field === kind && field !== null;
};

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
