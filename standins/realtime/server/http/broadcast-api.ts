import type { IncomingMessage } from "node:http";
import { Broadcast } from "../hub.ts";
import { isObject, type JsonObject } from "../json-object.ts";
import { mayAccess } from "../policy.ts";
import type { Tenant } from "../tenant.ts";
import type { Claims } from "../tokens.ts";
import { readJson } from "./read-json.ts";

export interface HttpAnswer {
  status: number;
  /** Undefined: an empty body. */
  body?: unknown;
  headers?: Record<string, string>;
}

const BLANK = "can't be blank";
const INVALID = "is invalid";
const NO_TENANT: HttpAnswer = { status: 401, body: { message: "Tenant not found in database" } };

/**
 * The checks that every request to a tenant goes through before its token is read, and what
 * passes them. Every answer of the tenant has the `x-rate-*` headers.
 */
export function forTenant(
  tenant: Tenant,
  request: IncomingMessage,
  answer: () => HttpAnswer | Promise<HttpAnswer>,
): HttpAnswer | Promise<HttpAnswer> {
  if (!tenant.answersTo(request.headers.host)) return NO_TENANT;
  const rolling = Math.trunc(tenant.events.perSecond);
  const limit = tenant.maxEventsPerSecond;
  const headers = {
    "x-rate-rolling": String(rolling),
    "x-rate-limit": String(limit),
    "x-rate-limit-remaining": String(limit - rolling),
  };
  if (rolling >= limit) return { ...tooMany("Too many requests"), headers };
  return Promise.resolve(answer()).then((given) => ({ ...given, headers }));
}

/** `POST /api/broadcast`. Source: supabase/realtime `batch_broadcast.ex`. */
export async function broadcastBatch(
  tenant: Tenant,
  request: IncomingMessage,
): Promise<HttpAnswer> {
  const body = await readJson(request);
  if ("refused" in body) return { status: body.refused };
  return forTenant(tenant, request, async () => {
    const claims = await claimsOf(request, tenant);
    if (claims === undefined) return { status: 401, body: { message: "Unauthorized" } };
    return publishBatch(tenant, claims, body.json);
  });
}

async function claimsOf(request: IncomingMessage, tenant: Tenant): Promise<Claims | undefined> {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const check = token === undefined ? undefined : await tenant.verifier.check(token);
  return check?.ok === true ? check.claims : undefined;
}

interface BatchMessage {
  topic: string;
  isPrivate: boolean;
  /** The whole payload of the broadcast. */
  json: string;
}

function publishBatch(tenant: Tenant, claims: Claims, json: unknown): HttpAnswer {
  const messages = isObject(json) ? json["messages"] : undefined;
  if (messages === undefined || messages === null) return unprocessable([BLANK]);
  if (!Array.isArray(messages) || !messages.every(isObject)) return unprocessable([INVALID]);
  if (messages.length === 0) return unprocessable([BLANK]);
  const read = messages.map((message) => readMessage(tenant, message));
  if (read.some((one) => "errors" in one))
    return unprocessable(read.map((one) => ("errors" in one ? one.errors : {})));

  if (read.length + tenant.events.perSecond > tenant.maxEventsPerSecond)
    return tooMany("Too many messages to broadcast, please reduce the batch size");
  const valid = read.filter((one): one is BatchMessage => !("errors" in one));
  // The real server sends the public messages first.
  for (const isPrivate of [false, true])
    for (const message of valid.filter((one) => one.isPrivate === isPrivate)) {
      // A message that the sender may not publish is left out. The answer is 202 all the same.
      if (isPrivate && !mayAccess(claims, message.topic, "write")) continue;
      tenant.events.count();
      tenant.hub.publish(message.topic, isPrivate, Broadcast.text(message.topic, message.json));
    }
  return { status: 202 };
}

const tooMany = (message: string): HttpAnswer => ({ status: 429, body: { message } });
const unprocessable = (messages: unknown[]): HttpAnswer => ({
  status: 422,
  body: { errors: { messages } },
});

function readMessage(tenant: Tenant, message: JsonObject): BatchMessage | { errors: JsonObject } {
  const { topic, event, payload, private: isPrivate = false } = message;
  const json = JSON.stringify({ event, payload, type: "broadcast" });
  const problems = {
    topic: textProblem(topic),
    event: textProblem(event),
    payload: payloadProblem(tenant, payload),
    private: typeof isPrivate === "boolean" ? undefined : INVALID,
  };
  const errors = Object.entries(problems).flatMap(([field, text]) =>
    text ? [[field, [text]]] : [],
  );
  if (errors.length > 0) return { errors: Object.fromEntries(errors) as JsonObject };
  return { topic: String(topic), isPrivate: isPrivate === true, json };
}

function textProblem(value: unknown): string | undefined {
  if (value === undefined || value === null) return BLANK;
  if (typeof value !== "string") return INVALID;
  return value.trim() === "" ? BLANK : undefined;
}

function payloadProblem(tenant: Tenant, payload: unknown): string | undefined {
  if (payload === undefined || payload === null) return BLANK;
  if (!isObject(payload)) return INVALID;
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  return tenant.isOversize(bytes) ? "Payload size exceeds tenant limit" : undefined;
}
