import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { STAND_IN } from "../../../../infra/realtime/realtime-names.ts";
import type { Tenant } from "../tenant.ts";
import { checkHandshake, WEBSOCKET_PATH } from "../websocket/handshake.ts";
import { broadcastBatch, forTenant, type HttpAnswer } from "./broadcast-api.ts";

export interface HttpApi {
  tenant: Tenant;
  connectErrorBackoffMs: number;
  log: Logger;
}

/** Answers one request. An error of the stand-in is a 500. */
export async function answerHttp(
  api: HttpApi,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let answer: HttpAnswer;
  try {
    answer = await route(api, request);
  } catch (error) {
    // The client disconnected before the server had read its body.
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
  response.end(text);
}

async function route(api: HttpApi, request: IncomingMessage): Promise<HttpAnswer> {
  const path = (request.url ?? "/").split("?", 1)[0];
  switch (`${request.method ?? "GET"} ${path ?? ""}`) {
    case "POST /api/broadcast":
      return broadcastBatch(api.tenant, request);
    case "GET /healthcheck":
      return { status: 200, body: "ok" };
    case "GET /api/ping":
      return forTenant(api.tenant, request, () => ({ status: 200, body: { message: "Success" } }));
    case `GET ${WEBSOCKET_PATH}`:
      return withoutUpgrade(api, request);
    default:
      return { status: 404, body: "Not Found" };
  }
}

/**
 * A handshake without an upgrade. Phoenix calls the socket's `connect` first, so the server refuses
 * it for the same reason as a handshake, and otherwise for the missing upgrade (phoenix,
 * lib/phoenix/transports/websocket.ex).
 */
async function withoutUpgrade(api: HttpApi, request: IncomingMessage): Promise<HttpAnswer> {
  const handshake = await checkHandshake(request, api.tenant);
  if (handshake.ok) return { status: 400, body: "'upgrade' header must contain 'websocket'" };
  const { status, error } = handshake;
  if (error === undefined) return { status };
  await sleep(api.connectErrorBackoffMs, undefined, { ref: false });
  return { status, body: { error } };
}
