import type { ControlAnswer } from "../session/session-steps.ts";
import { readAt } from "./json-pointer.ts";
import type { ServiceProtocol, ValueSource } from "./service-protocol.ts";

/** A session that the service knows. */
export interface BegunSession {
  /** `id` always is among them. */
  values: Readonly<Record<string, string | number>>;
  /** What the answer says of Supabase Realtime, unread. */
  realtime?: unknown;
}

/** The answer lacks a value that the service file names. */
export interface MissingValue {
  /** Its name. */
  missing: string;
  /** Where it was looked for. */
  place: string;
}

/**
 * @param answer to the session's request
 * @param clientId what the client chose to be called
 */
export function beginSession(
  { session, realtime }: ServiceProtocol,
  answer: ControlAnswer,
  clientId: string,
): BegunSession | MissingValue {
  const values: Record<string, string | number> = {};
  for (const [name, source] of Object.entries(session.values)) {
    if (source.from === "client") {
      values[name] = clientId;
      continue;
    }
    const value = valueFrom(source, answer);
    const isValue = (typeof value === "string" && value !== "") || Number.isFinite(value);
    if (!isValue) return { missing: name, place: placeOf(source) };
    values[name] = value as string | number;
  }
  return realtime === undefined
    ? { values }
    : { values, realtime: readAt(answer.body, realtime.access) };
}

type AnswerSource = Exclude<ValueSource, { from: "client" }>;

const placeOf = (source: AnswerSource): string =>
  source.from === "body" ? source.pointer : `${source.from} ${source.name}`;

function valueFrom(source: AnswerSource, { body, headers = {} }: ControlAnswer): unknown {
  switch (source.from) {
    case "body":
      return readAt(body, source.pointer);
    case "cookie":
      return cookieOf(headers["set-cookie"], source.name);
    case "header": {
      const value = headers[source.name];
      const text = typeof value === "string" ? value : value?.[0];
      if (source.pattern === undefined || text === undefined) return text;
      return new RegExp(source.pattern).exec(text)?.[1];
    }
  }
}

function cookieOf(setCookies: string | readonly string[] = [], name: string): string | undefined {
  for (const cookie of typeof setCookies === "string" ? [setCookies] : setCookies) {
    const [pair = ""] = cookie.split(";");
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
