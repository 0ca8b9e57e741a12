/** The address of one tenant: the connection goes to the machine, the Host header names it. */
import { request } from "undici";
import { UserError } from "../../../common/user-error.ts";
import { realtimeUrlProblems } from "../../../common/portable/realtime/config-rules.ts";

export interface Address {
  /** `ws://127.0.0.1:4000/socket/websocket`, without a query. */
  webSocketUrl: string;
  /** `http://127.0.0.1:4000`, or `https://<ref>.supabase.co/realtime/v1`. */
  httpUrl: string;
  /** Host header. Its first label is the tenant. */
  host: string;
}

/**
 * @param url as realtime-js takes it: `http://host:4000/socket`, or
 *   `https://<ref>.supabase.co/realtime/v1`
 * @throws UserError with what to change
 */
export function addressOf(url: string): Address {
  const problems = realtimeUrlProblems(url);
  // A text that is no URL can still hold a password.
  if (problems.includes("syntax"))
    throw new UserError("is no URL: give http://host:4000/socket, for example");
  if (problems.includes("scheme"))
    throw new UserError(`is not an http, https, ws or wss URL but ${new URL(url).protocol}`);
  // The suite prints the URL and does not use these parts.
  if (problems.includes("credentials") || problems.includes("query"))
    throw new UserError(
      "the URL contains credentials or a query: use REALTIME_KEY and REALTIME_JWT_SECRET",
    );
  if (problems.includes("no-path"))
    throw new UserError(
      `${url}: has no path; use /socket for a bare server, /realtime/v1 for a hosted project`,
    );
  if (problems.includes("websocket-path"))
    throw new UserError(`${url}: ends in /websocket, which clients add themselves: remove it`);
  const parsed = new URL(url);
  const path = parsed.pathname.replace(/\/+$/, "");
  const secure = parsed.protocol === "https:" || parsed.protocol === "wss:";
  const { host } = parsed;
  // Not every resolver knows that *.localhost is this machine (RFC 6761, section 6.3).
  if (parsed.hostname.endsWith(".localhost")) parsed.hostname = "127.0.0.1";
  return {
    webSocketUrl: `${secure ? "wss" : "ws"}://${parsed.host}${path}/websocket`,
    httpUrl: `${secure ? "https" : "http"}://${parsed.host}${path.replace(/\/socket$/, "")}`,
    host,
  };
}

/** True for a bare server, false for one behind the gateway of a hosted project. */
export const isBare = (address: Address): boolean =>
  address.webSocketUrl.endsWith("/socket/websocket");

/** The tenant: the first label of the host name. */
export const tenantOf = (address: Address): string => address.host.split(/[.:]/)[0] as string;

/** The same server, another tenant. */
export function withTenant(address: Address, tenant: string): Address {
  const port = /:\d+$/.exec(address.host)?.[0] ?? "";
  return { ...address, host: `${tenant}.localhost${port}` };
}

export interface HttpRequest {
  method: "GET" | "POST" | "DELETE";
  /** Relative to the HTTP URL, with the query. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
}

export interface HttpAnswer {
  status: number;
  /** Parsed if it is JSON. */
  body: unknown;
  headers: Record<string, string | string[] | undefined>;
}

export async function ask(
  address: Address,
  wanted: HttpRequest,
  timeoutMs: number,
): Promise<HttpAnswer> {
  const answer = await request(`${address.httpUrl}${wanted.path}`, {
    method: wanted.method,
    headers: { host: address.host, ...wanted.headers },
    body: wanted.body ?? null,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, body: jsonOrText(text), headers: answer.headers };
}

export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
