import { canonicalHeader, parseK6Duration } from "../go-formats.ts";
import { writeLog } from "../log-line.ts";
import type { HttpReply, HttpRequest } from "../protocol.ts";
import { CookieJar, jarClass, VU_JAR } from "./cookie-jar-handle.ts";
import { toTags, type K6Module, type VuContext } from "../vu/vu-context.ts";

interface Params {
  headers?: Record<string, unknown> | null;
  cookies?: Record<string, unknown> | null;
  jar?: unknown;
  redirects?: number;
  responseType?: string;
  tags?: object | null;
  timeout?: string | number | null;
}

const PARAMS = new Set([
  "headers",
  "cookies",
  "jar",
  "redirects",
  "responseType",
  "tags",
  "timeout",
]);

/** The module `k6/http`: requests that block their VU. */
export const httpModule: K6Module = (vu) => {
  const request = (method: string, url: unknown, body?: unknown, params?: Params | null) => {
    const asked = toRequest(vu, method, url, body, params);
    return toResponse(vu, asked, vu.link.call("http", asked), params);
  };
  return {
    get: (url: unknown, params?: Params | null) => request("GET", url, null, params),
    head: (url: unknown, params?: Params | null) => request("HEAD", url, null, params),
    post: (url: unknown, body?: unknown, params?: Params | null) =>
      request("POST", url, body, params),
    put: (url: unknown, body?: unknown, params?: Params | null) =>
      request("PUT", url, body, params),
    patch: (url: unknown, body?: unknown, params?: Params | null) =>
      request("PATCH", url, body, params),
    del: (url: unknown, body?: unknown, params?: Params | null) =>
      request("DELETE", url, body, params),
    request,
    asyncRequest: (method: string, url: unknown, body?: unknown, params?: Params | null) =>
      vu.realm.promise((resolve, reject) => {
        const asked = toRequest(vu, method, url, body, params);
        let over = false;
        const release = vu.loop.hold(() => (over = true));
        vu.link.callAsync("http", asked, (reply) => {
          if (over) return;
          vu.loop.run(() => {
            try {
              resolve(toResponse(vu, asked, reply, params));
            } catch (error) {
              reject(error);
            }
          });
          release();
        });
      }),
    cookieJar: () => new CookieJar(vu, VU_JAR),
    CookieJar: jarClass(vu),
  };
};

function toRequest(
  vu: VuContext,
  method: string,
  url: unknown,
  body: unknown,
  params: Params | null | undefined,
): HttpRequest {
  if (vu.phase === "init")
    throw vu.realm.error("Making http requests in the init context is not supported");
  const given = params ?? {};
  for (const name of Object.keys(given)) {
    if (!PARAMS.has(name))
      throw vu.realm.error(`k6-double: the param "${name}" of k6/http is not in the double`);
  }
  const headers: Record<string, string> = { "User-Agent": vu.options.userAgent };
  const encoded = toBody(vu, body, headers);
  for (const [name, value] of Object.entries(given.headers ?? {}))
    headers[canonicalHeader(name)] = String(value);
  const verb = method.toUpperCase();
  return {
    method: verb,
    url: String(url),
    headers,
    body: encoded,
    timeoutMs: parseTimeout(vu, given.timeout ?? 60_000),
    redirects: given.redirects ?? vu.options.maxRedirects,
    jar: given.jar instanceof CookieJar ? given.jar.id : VU_JAR,
    cookies: Object.fromEntries(
      Object.entries(given.cookies ?? {}).map(([name, value]) => [name, cookieValue(value)]),
    ),
    tags: vu.tags({ method: verb, url: String(url), name: String(url), ...given.tags }),
    discardBody:
      (given.responseType ?? (vu.options.discardResponseBodies ? "none" : "text")) === "none",
  };
}

function parseTimeout(vu: VuContext, timeout: string | number): number {
  try {
    return parseK6Duration(timeout);
  } catch (error) {
    throw vu.realm.error(`invalid timeout value: ${(error as Error).message}`);
  }
}

function cookieValue(value: unknown): string {
  return typeof value === "object" && value !== null && "value" in value
    ? String(value.value)
    : String(value);
}

function toBody(
  vu: VuContext,
  body: unknown,
  headers: Record<string, string>,
): string | ArrayBuffer | null {
  if (body === null || body === undefined) return null;
  if (typeof body === "string") return body;
  if (Object.prototype.toString.call(body) === "[object ArrayBuffer]") return body as ArrayBuffer;
  if (typeof body !== "object") throw vu.realm.error(`unknown request body type ${typeof body}`);
  headers["Content-Type"] = "application/x-www-form-urlencoded";
  return new URLSearchParams(toTags(body)).toString();
}

function toResponse(
  vu: VuContext,
  asked: HttpRequest,
  reply: HttpReply,
  params: Params | null | undefined,
): unknown {
  if (reply.status === 0) {
    if (vu.options.throw) throw vu.realm.error(reply.error);
    const verb = asked.method.charAt(0) + asked.method.slice(1).toLowerCase();
    const error = `${verb} "${asked.url}": ${reply.error}`;
    writeLog(vu.log, "warning", "Request Failed", { error });
  }
  const { body, errorCode, waitingMs, durationMs, statusText, remoteIp, remotePort, ...same } =
    reply;
  const response = vu.realm.parse(
    JSON.stringify({
      ...same,
      status_text: statusText,
      error_code: errorCode,
      remote_ip: remoteIp,
      remote_port: remotePort,
      proto: "HTTP/1.1",
      body: null,
      timings: {
        blocked: 0,
        connecting: 0,
        tls_handshaking: 0,
        sending: 0,
        waiting: waitingMs,
        receiving: durationMs - waitingMs,
        duration: durationMs,
      },
      request: {
        method: asked.method,
        url: asked.url,
        body: typeof asked.body === "string" ? asked.body : "",
      },
    }),
  ) as Record<string, unknown>;
  if (body !== null) {
    response["body"] =
      params?.responseType === "binary"
        ? vu.realm.arrayBuffer(body)
        : Buffer.from(body).toString("utf8");
  }
  response["json"] = (selector?: string) => {
    if (selector !== undefined)
      throw vu.realm.error("k6-double: json() with a selector is not in the double");
    const text = response["body"];
    if (typeof text !== "string" || text === "") {
      throw vu.realm.error(
        "the body is null so we can't transform it to JSON - " +
          "this likely was because of a request error getting the response",
      );
    }
    return vu.realm.parse(text);
  };
  return response;
}
