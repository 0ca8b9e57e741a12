import type { Agent } from "node:http";
import { STATUS_CODES } from "node:http";

import { canonicalHeaders } from "../../go-formats.ts";
import type { HttpReply, HttpRequest, ReplyCookie } from "../../protocol.ts";
import type { CookieJar } from "./cookie-jar.ts";
import { describeFailure, openResponse } from "./open-response.ts";

/** Limit of Node. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Sends a request of k6/http. A failure is a reply with status 0. */
export async function httpRequest(
  request: HttpRequest,
  jar: CookieJar,
  agent: Agent,
  stopped: AbortSignal,
): Promise<HttpReply> {
  const startedAt = performance.now();
  const timeout = AbortSignal.timeout(
    Math.min(Math.ceil(Math.max(0, request.timeoutMs)), LONGEST_TIMER_MS),
  );
  const reply: HttpReply = {
    status: 0,
    statusText: "",
    url: request.url,
    headers: {},
    cookies: {},
    body: null,
    error: "",
    errorCode: 0,
    waitingMs: 0,
    durationMs: 0,
    remoteIp: "",
    remotePort: 0,
  };
  try {
    const signal = AbortSignal.any([timeout, stopped]);
    const { response, url, cookies } = await openResponse({ ...request, jar, agent, signal });
    // A response that has been read no longer has a socket.
    const { remoteAddress = "", remotePort = 0 } = response.socket;
    reply.waitingMs = performance.now() - startedAt;
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const status = response.statusCode ?? 0;
    Object.assign(reply, {
      status,
      statusText: `${status} ${response.statusMessage ?? STATUS_CODES[status] ?? ""}`,
      url: url.href,
      headers: canonicalHeaders(response.rawHeaders),
      cookies: byName(cookies),
      body: request.discardBody ? null : Buffer.concat(chunks),
      errorCode: status >= 400 ? 1000 + status : 0,
      remoteIp: remoteAddress,
      remotePort,
    } satisfies Partial<HttpReply>);
  } catch (error) {
    const { message, code } = describeFailure(error, request.url);
    reply.error = timeout.aborted ? "request timeout" : message;
    reply.errorCode = timeout.aborted ? 1050 : code;
  }
  reply.durationMs = performance.now() - startedAt;
  return reply;
}

function byName(cookies: readonly ReplyCookie[]): Record<string, ReplyCookie[]> {
  const named: Record<string, ReplyCookie[]> = {};
  for (const cookie of cookies) (named[cookie.name] ??= []).push(cookie);
  return named;
}
