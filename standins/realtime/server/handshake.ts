import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Vsn } from "./frame-codec.ts";
import { STAND_IN } from "../../../infra/realtime/stand-in-name.ts";
import type { Tenant, TenantTable } from "./tenant.ts";
import { BAD_SIGNATURE, INVALID_JWT, MISSING_CLAIMS, NO_SIGNER, type TokenProblem } from "./tokens.ts";

export const WEBSOCKET_PATH = "/socket/websocket";

export type Handshake =
  { ok: true; tenant: Tenant; vsn: Vsn; token: string } | { ok: false; status: number; error?: string };

/** Looks at an upgrade request in the order of supabase/realtime (`user_socket.ex`, versions from 2.115 on). */
export async function checkHandshake(request: IncomingMessage, tenants: TenantTable): Promise<Handshake> {
  const url = new URL(request.url ?? "/", "http://any");
  if (url.pathname !== WEBSOCKET_PATH) return { ok: false, status: 404 };
  const vsn = vsnOf(url.searchParams.get("vsn"));
  if (vsn === undefined) return { ok: false, status: 403 };
  const tenant = tenants.ofHost(request.headers.host);
  if (tenant === undefined) return refuse(404, "Tenant not found");
  if (tenant.settings.suspended) return refuse(403, "Realtime was disabled for this tenant");
  const header = request.headers["x-api-key"];
  const token = typeof header === "string" ? header : url.searchParams.get("apikey");
  if (token === null) return refuse(401, "API key is missing");
  const check = await tenant.verifier.check(token);
  if (!check.ok) return problemAnswer(check.problem);
  if (tenant.isFull) return refuse(429, "Too many connected users");
  if (tenant.joins.triggered) return refuse(429, "Too many joins per second");
  return { ok: true, tenant, vsn, token };
}

const refuse = (status: number, error: string): Handshake => ({ ok: false, status, error });

/** `~> 1.0.0` and `~> 2.0.0`; without a version it is the first. */
function vsnOf(text: string | null): Vsn | undefined {
  const major = /^([12])\.0\.\d+$/.exec(text ?? "1.0.0")?.[1];
  return major === undefined ? undefined : major === "1" ? 1 : 2;
}

function problemAnswer(problem: TokenProblem): Handshake {
  switch (problem.kind) {
    case "malformed":
      return refuse(401, INVALID_JWT);
    case "expired":
      return refuse(401, "Token has expired");
    case "claims":
      return refuse(401, MISSING_CLAIMS);
    case "signature":
      return refuse(401, BAD_SIGNATURE);
    case "signer":
      return refuse(401, NO_SIGNER);
    case "other":
      return refuse(500, "Error connecting to Realtime");
  }
}

/** Answers an upgrade request over HTTP and ends the connection. What has a text waits its back-off first. */
export async function rejectHandshake(
  socket: Duplex,
  { status, error }: Extract<Handshake, { ok: false }>,
  backoffMs: number,
): Promise<void> {
  if (error !== undefined) await sleep(backoffMs, undefined, { ref: false });
  const body = error === undefined ? "" : JSON.stringify({ error });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...(body === "" ? [] : ["content-type: application/json; charset=utf-8"]),
    `content-length: ${Buffer.byteLength(body)}`,
    `x-realtime: ${STAND_IN}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
