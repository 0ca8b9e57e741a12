import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { STAND_IN } from "../../../../infra/realtime/realtime-names.ts";
import type { Tenant } from "../tenant.ts";
import type { Vsn } from "./frame-codec.ts";

export const WEBSOCKET_PATH = "/socket/websocket";

/** A refusal without an `error` has an empty body and no back-off. */
export type Handshake =
  { ok: true; vsn: Vsn; token: string } | { ok: false; status: number; error?: string };

/** Checks an upgrade request in the order of supabase/realtime (`user_socket.ex`, from 2.115). */
export async function checkHandshake(request: IncomingMessage, tenant: Tenant): Promise<Handshake> {
  const url = new URL(request.url ?? "/", "http://any");
  if (url.pathname !== WEBSOCKET_PATH) return { ok: false, status: 404 };
  const vsn = VSNS[url.searchParams.get("vsn") ?? "1.0.0"];
  if (vsn === undefined) return { ok: false, status: 403 };
  if (!tenant.answersTo(request.headers.host)) return refuse(404, "Tenant not found");
  const token = url.searchParams.get("apikey");
  if (token === null) return refuse(401, "API key is missing");
  const check = await tenant.verifier.check(token);
  if (!check.ok) return refuse(401, check.problem.handshake);
  if (tenant.isFull) return refuse(429, "Too many connected users");
  if (tenant.joins.triggered) return refuse(429, "Too many joins per second");
  return { ok: true, vsn, token };
}

const VSNS: Readonly<Record<string, Vsn>> = { "1.0.0": 1, "2.0.0": 2 };

const refuse = (status: number, error: string): Handshake => ({ ok: false, status, error });

/** Answers an upgrade request over HTTP, after the back-off, and ends the connection. */
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
