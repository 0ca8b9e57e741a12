import type { RealtimeAccess, SessionCreated } from "../../../../server/src/contract/events.ts";
import type { BegunSession } from "../service/begin-session.ts";
import { has, type Kind } from "../session/read-answers.ts";

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

const isAccess = (value: unknown): value is RealtimeAccess =>
  has(value, ACCESS) && SOCKET_URL.test((value as unknown as RealtimeAccess).url);

/** A session of the lab's own server. Without `realtime` when that is malformed. */
export function readCreated({ values, realtime }: BegunSession): SessionCreated {
  const text = (name: string): string => String(values[name] ?? "");
  return {
    sessionId: text("id"),
    token: text("token"),
    epoch: text("epoch"),
    ...(isAccess(realtime) ? { realtime } : {}),
  };
}
