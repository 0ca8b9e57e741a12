import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import {
  broadcastBatch,
  broadcastSingle,
  claimsOf,
  contentTypeRefusal,
  rateOf,
  type HttpAnswer,
} from "./broadcast-api.ts";
import { checkHandshake, WEBSOCKET_PATH } from "./handshake.ts";
import { readBody } from "./http-body.ts";
import { STAND_IN } from "../../../infra/realtime/stand-in-name.ts";
import { type Log } from "./log.ts";
import type { ChannelPolicy } from "./policy.ts";
import type { TenantApi } from "./tenant-api.ts";
import type { TenantTable } from "./tenant.ts";

export interface HttpApi {
  tenants: TenantTable;
  policy: ChannelPolicy;
  tenantApi: TenantApi;
  connectErrorBackoffMs: number;
  log: Log;
}

const CORS = { "access-control-allow-origin": "*" };
const NOT_FOUND: HttpAnswer = { status: 404, body: "Not Found" };
const NO_TENANT: HttpAnswer = { status: 401, body: { message: "Tenant not found in database" } };
const UNAUTHORIZED: HttpAnswer = { status: 401, body: { message: "Unauthorized" } };

/** Answers one request; an error of our own is a 500, as a crashed request process of the real server. */
export async function answerHttp(
  api: HttpApi,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let answer: HttpAnswer;
  try {
    answer = await route(api, request);
  } catch (error) {
    // The client has gone before its body was here.
    if (request.destroyed && !request.complete) return;
    api.log.error({ err: error, path: request.url?.split("?")[0] }, "a request failed");
    answer = { status: 500, body: "Internal Server Error" };
  }
  const { status, body, headers } = answer;
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const type = typeof body === "string" ? "text/plain" : "application/json";
  response.writeHead(status, {
    ...headers,
    ...(text === "" ? {} : { "content-type": `${type}; charset=utf-8` }),
    "content-length": Buffer.byteLength(text),
    "x-realtime": STAND_IN,
  });
  response.end(request.method === "HEAD" ? "" : text);
}

async function route(api: HttpApi, request: IncomingMessage): Promise<HttpAnswer> {
  const [path = "/", query = ""] = (request.url ?? "/").split("?", 2);
  const method = request.method === "HEAD" ? "GET" : (request.method ?? "GET");
  const where = `${method} ${path}`;
  if (where === "POST /api/broadcast") return batch(api, request);
  if (where === "GET /healthcheck") return { status: 200, body: "ok" };
  if (where === "GET /api/ping") return ping(api, request);
  if (where === `GET ${WEBSOCKET_PATH}`) return withoutUpgrade(api, request);
  const single = /^POST \/api\/broadcast\/([^/]+)\/events\/([^/]+)$/.exec(where);
  if (single !== null) {
    const [topic, event] = [decodePart(single[1]), decodePart(single[2])];
    if (topic === undefined || event === undefined) return { status: 400, body: "Bad Request" };
    const isPrivate = new URLSearchParams(query).get("private") === "true";
    return one(api, request, { topic, event, isPrivate });
  }
  if (/^\/api\/tenants(\/|$)/.test(path)) return api.tenantApi.answer(request, method, path);
  return NOT_FOUND;
}

async function batch(api: HttpApi, request: IncomingMessage): Promise<HttpAnswer> {
  const body = await readBody(request);
  if ("refused" in body) return { status: body.refused };
  const tenant = api.tenants.ofHost(request.headers.host);
  if (tenant === undefined) return { ...NO_TENANT, headers: CORS };
  const rate = rateOf(tenant);
  const headers = { ...CORS, ...rate.headers };
  if (rate.refusal !== undefined) return { ...rate.refusal, headers };
  const claims = await claimsOf(request, tenant);
  if (claims === undefined) return { ...UNAUTHORIZED, headers };
  return { ...broadcastBatch(tenant, claims, api.policy, body), headers };
}

async function one(
  api: HttpApi,
  request: IncomingMessage,
  target: { topic: string; event: string; isPrivate: boolean },
): Promise<HttpAnswer> {
  const body = await readBody(request);
  if ("refused" in body) return { status: body.refused };
  const refusal = contentTypeRefusal(request);
  if (refusal !== undefined) return { ...refusal, headers: CORS };
  const tenant = api.tenants.ofHost(request.headers.host);
  if (tenant === undefined) return { ...NO_TENANT, headers: CORS };
  const rate = rateOf(tenant);
  const headers = { ...CORS, ...rate.headers };
  if (rate.refusal !== undefined) return { ...rate.refusal, headers };
  const claims = await claimsOf(request, tenant);
  if (claims === undefined) return { ...UNAUTHORIZED, headers };
  return { ...broadcastSingle(tenant, claims, api.policy, target, body), headers };
}

function ping(api: HttpApi, request: IncomingMessage): HttpAnswer {
  const tenant = api.tenants.ofHost(request.headers.host);
  if (tenant === undefined) return NO_TENANT;
  const { headers, refusal } = rateOf(tenant);
  return { ...(refusal ?? { status: 200, body: { message: "Success" } }), headers };
}

/**
 * A handshake without an upgrade. Phoenix asks the socket's own `connect` first, so what is refused is refused for the same reason as a
 * handshake, and only what would be let in lacks the upgrade (phoenix, lib/phoenix/transports/websocket.ex).
 */
async function withoutUpgrade(api: HttpApi, request: IncomingMessage): Promise<HttpAnswer> {
  const handshake = await checkHandshake(request, api.tenants);
  if (handshake.ok) return { status: 400, body: "'upgrade' header must contain 'websocket'" };
  const { status, error } = handshake;
  if (error === undefined) return { status };
  await sleep(api.connectErrorBackoffMs, undefined, { ref: false });
  return { status, body: { error } };
}

function decodePart(part: string | undefined): string | undefined {
  try {
    return decodeURIComponent(part ?? "");
  } catch {
    return undefined;
  }
}
