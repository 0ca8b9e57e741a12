import http from "node:http";
import https from "node:https";

import type { ReplyCookie } from "../../protocol.ts";
import type { CookieJar } from "./cookie-jar.ts";

export interface OpenRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | ArrayBuffer | null;
  cookies: Record<string, string>;
  redirects: number;
  jar: CookieJar;
  /** Pool of connections; false: a new connection. */
  agent: http.Agent | false;
  signal: AbortSignal;
}

export interface OpenedResponse {
  response: http.IncomingMessage;
  url: URL;
  cookies: ReplyCookie[];
}

const REPEATABLE = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/**
 * Sends a request, follows redirects like Go's client, and stores the cookies of each response.
 *
 * @returns the last response, whose body is not read yet
 * @throws the error of the connection, or a TypeError for an invalid URL
 */
export async function openResponse(request: OpenRequest): Promise<OpenedResponse> {
  let { method, body } = request;
  let url = new URL(request.url);
  const headers = { ...request.headers };
  for (let left = request.redirects; ; left--) {
    const response = await askOnce(request, method, url, headers, body);
    const cookies = request.jar.take(url, response.headers["set-cookie"] ?? []);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(status) || location === undefined || left <= 0) {
      return { response, url, cookies };
    }
    response.resume();
    const next = new URL(location, url);
    if (next.host !== url.host) delete headers["Authorization"];
    if (status < 307 && method !== "HEAD") {
      if (method !== "GET") delete headers["Content-Type"];
      method = "GET";
      body = null;
    }
    url = next;
  }
}

async function askOnce(
  request: OpenRequest,
  method: string,
  url: URL,
  headers: Record<string, string>,
  body: string | ArrayBuffer | null,
): Promise<http.IncomingMessage> {
  const cookies = [...request.jar.forUrl(url), ...Object.entries(request.cookies).map(toCookie)];
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const bytes = body === null ? undefined : Buffer.from(body as string);
  const options: http.RequestOptions = {
    method,
    headers: {
      ...headers,
      ...(cookie === "" ? {} : { Cookie: cookie }),
      ...(bytes === undefined ? {} : { "Content-Length": bytes.length }),
    },
    agent: request.agent,
    signal: request.signal,
  };
  const ask = () =>
    new Promise<http.IncomingMessage>((resolve, reject) => {
      const asked = (url.protocol === "https:" ? https : http).request(url, options, resolve);
      asked.on("error", (error) => reject(Object.assign(error, { reused: asked.reusedSocket })));
      asked.end(bytes);
    });
  try {
    return await ask();
  } catch (error) {
    // The server has closed a kept connection. Go repeats a request that is safe to repeat.
    const { code, reused } = error as NodeJS.ErrnoException & { reused?: boolean };
    if (code === "ECONNRESET" && reused === true && REPEATABLE.has(method)) return await ask();
    throw error;
  }
}

function toCookie([name, value]: [string, string]): { name: string; value: string } {
  return { name, value };
}

/** Go's text for the failure of a connection, and k6's code. */
export function describeFailure(error: unknown, url: string): { message: string; code: number } {
  const { code, message } = error as NodeJS.ErrnoException;
  const host = URL.canParse(url) ? new URL(url).host : url;
  switch (code) {
    case "ECONNREFUSED":
      return { message: `dial tcp ${host}: connect: connection refused`, code: 1212 };
    case "ECONNRESET":
      return message === "socket hang up"
        ? { message: "EOF", code: 1000 }
        : { message: `read tcp ${host}: read: connection reset by peer`, code: 1220 };
    case "ENOTFOUND":
      return { message: `lookup ${host}: no such host`, code: 1101 };
    case "ERR_INVALID_URL":
      return { message: `unsupported protocol scheme ""`, code: 1020 };
    default:
      return { message, code: 1000 };
  }
}
