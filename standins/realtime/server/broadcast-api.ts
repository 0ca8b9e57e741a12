import type { IncomingMessage } from "node:http";
import { Broadcast } from "./broadcast.ts";
import { mediaType, type ReadBody } from "./http-body.ts";
import { isObject, type JsonObject } from "./json-object.ts";
import type { ChannelPolicy } from "./policy.ts";
import type { Tenant } from "./tenant.ts";
import type { Claims } from "./tokens.ts";

export interface HttpAnswer {
  status: number;
  /** Undefined: an empty body. */
  body?: unknown;
  headers?: Record<string, string>;
}

const ACCEPTED: HttpAnswer = { status: 202 };
const TOO_FAST: HttpAnswer = { status: 429, body: { message: "You have exceeded your rate limit" } };
const BLANK = "can't be blank";
const INVALID = "is invalid";
const TOO_LARGE = "Payload size exceeds tenant limit";

/** Headers about the rate, and the refusal of a tenant that is over it: looked at before the token. */
export function rateOf(tenant: Tenant): { headers: Record<string, string>; refusal?: HttpAnswer } {
  const rolling = Math.trunc(tenant.events.perSecond);
  const limit = tenant.settings.maxEventsPerSecond;
  const headers = {
    "x-rate-rolling": String(rolling),
    "x-rate-limit": String(limit),
    "x-rate-limit-remaining": String(limit - rolling),
  };
  if (rolling < limit) return { headers };
  return { headers, refusal: { status: 429, body: { message: "Too many requests" } } };
}

/**
 * @returns the claims, or undefined when the request is not authorised
 * @throws Error on an `Authorization` that is no two words: the real server's request crashes on it, and answers 500
 */
export async function claimsOf(request: IncomingMessage, tenant: Tenant): Promise<Claims | undefined> {
  const { authorization, apikey } = request.headers;
  const token = bearer(authorization) ?? (typeof apikey === "string" ? apikey : undefined);
  if (token === undefined) return undefined;
  const check = await tenant.verifier.check(token);
  return check.ok ? check.claims : undefined;
}

function bearer(header: string | undefined): string | undefined {
  if (header === undefined || header === "") return undefined;
  const [scheme, token, ...more] = header.split(" ");
  if (token === undefined || more.length > 0) throw new Error("Authorization is a scheme and a token");
  return scheme?.toLowerCase() === "bearer" ? token : undefined;
}

interface BatchMessage {
  topic: string;
  event: string;
  isPrivate: boolean;
  /** The whole payload of the broadcast. */
  json: string;
}

/** `POST /api/broadcast`. Source: supabase/realtime `batch_broadcast.ex`. */
export function broadcastBatch(
  tenant: Tenant,
  claims: Claims,
  policy: ChannelPolicy,
  body: ReadBody,
): HttpAnswer {
  if (tenant.settings.suspended) return { status: 403, body: { message: "Tenant is suspended" } };
  const messages = "json" in body ? body.json["messages"] : undefined;
  if (messages === undefined || messages === null) return unprocessable([BLANK]);
  if (!Array.isArray(messages) || !messages.every(isObject)) return unprocessable([INVALID]);
  if (messages.length === 0) return unprocessable([BLANK]);
  const read = messages.map((message) => readMessage(tenant, message));
  if (read.some((one) => "errors" in one))
    return unprocessable(read.map((one) => ("errors" in one ? one.errors : {})));

  const rate = tenant.events.perSecond;
  const limit = tenant.settings.maxEventsPerSecond;
  if (rate > limit) return TOO_FAST;
  if (read.length + rate > limit)
    return {
      status: 429,
      body: { message: "Too many messages to broadcast, please reduce the batch size" },
    };
  const valid = read.filter((one): one is BatchMessage => !("errors" in one));
  for (const message of valid) if (!message.isPrivate) send(tenant, message);
  const byTopic = new Map<string, BatchMessage[]>();
  for (const message of valid)
    if (message.isPrivate) byTopic.set(message.topic, [...(byTopic.get(message.topic) ?? []), message]);
  for (const [topic, ofTopic] of byTopic) {
    // Refused messages are left out without a word: the answer is 202 all the same.
    if (policy(claims, topic, "write")) for (const message of ofTopic) send(tenant, message);
  }
  return ACCEPTED;
}

const unprocessable = (messages: unknown[]): HttpAnswer => ({ status: 422, body: { errors: { messages } } });

function send(tenant: Tenant, { topic, isPrivate, json }: BatchMessage): void {
  tenant.events.count();
  tenant.hub.publish(topic, isPrivate, Broadcast.text(topic, json));
}

function readMessage(tenant: Tenant, message: JsonObject): BatchMessage | { errors: JsonObject } {
  const { topic, event, payload, id } = message;
  const isPrivate = booleanOf(message["private"]);
  const errors: JsonObject = {};
  const topicProblem = textProblem(topic);
  if (topicProblem !== undefined) errors["topic"] = [topicProblem];
  const eventProblem = textProblem(event);
  if (eventProblem !== undefined) errors["event"] = [eventProblem];
  if (payload === undefined || payload === null) errors["payload"] = [BLANK];
  else if (!isObject(payload)) errors["payload"] = [INVALID];
  if (isPrivate === undefined) errors["private"] = [INVALID];
  const payloadJson = JSON.stringify(payload);
  if (errors["payload"] === undefined && tenant.isOversize(Buffer.byteLength(payloadJson)))
    errors["payload"] = [TOO_LARGE];
  if (Object.keys(errors).length > 0) return { errors };
  const meta = typeof id === "string" ? `,"meta":{"id":${JSON.stringify(id)}}` : "";
  return {
    topic: String(topic),
    event: String(event),
    isPrivate: isPrivate === true,
    json: `{"event":${JSON.stringify(event)},"payload":${payloadJson},"type":"broadcast"${meta}}`,
  };
}

function textProblem(value: unknown): string | undefined {
  if (value === undefined || value === null) return BLANK;
  if (typeof value !== "string") return INVALID;
  return value.trim() === "" ? BLANK : undefined;
}

function booleanOf(value: unknown): boolean | undefined {
  if (value === undefined || value === null || value === false || value === "false" || value === "0")
    return false;
  return value === true || value === "true" || value === "1" ? true : undefined;
}

/** The one refusal that comes before the tenant is looked at. */
export function contentTypeRefusal(request: IncomingMessage): HttpAnswer | undefined {
  const type = mediaType(request);
  if (type === undefined || type === "application/json" || type === "application/octet-stream")
    return undefined;
  const error = "Unsupported Media Type. Use application/json or application/octet-stream";
  return { status: 415, body: { error } };
}

/** `POST /api/broadcast/:topic/events/:event`. Source: supabase/realtime `single_broadcast.ex`. */
export function broadcastSingle(
  tenant: Tenant,
  claims: Claims,
  policy: ChannelPolicy,
  { topic, event, isPrivate }: { topic: string; event: string; isPrivate: boolean },
  body: ReadBody,
): HttpAnswer {
  if (tenant.settings.suspended) return { status: 403, body: { message: "Tenant is suspended" } };
  const payload = "bytes" in body ? body.bytes : Buffer.from(JSON.stringify(body.json), "utf8");
  if (tenant.isOversize(payload.length)) return { status: 422, body: { errors: { payload: [TOO_LARGE] } } };
  if (tenant.events.perSecond >= tenant.settings.maxEventsPerSecond) return TOO_FAST;
  // A payload that says `private` itself is private: the server reads the parameter from body and query alike.
  const inBody =
    "json" in body && "private" in body.json ? booleanParameter(body.json["private"]) : undefined;
  const asPrivate = inBody ?? isPrivate;
  if (asPrivate && !policy(claims, topic, "write")) return { status: 403, body: { message: "Unauthorized" } };
  tenant.events.count();
  const encoding = "bytes" in body ? "raw" : "json";
  tenant.hub.publish(topic, asPrivate, Broadcast.user(topic, { event, encoding, payload }));
  return ACCEPTED;
}

const booleanParameter = (value: unknown): boolean => value === true || value === "true";
