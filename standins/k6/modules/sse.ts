import { canonicalHeader, parseGoDuration } from "../go-formats.ts";
import type { SseRequest } from "../protocol.ts";
import { CookieJar, VU_JAR } from "./cookie-jar-handle.ts";
import type { Realm } from "../vu/realm.ts";
import type { K6Module, VuContext } from "../vu/vu-context.ts";

type Handler = (argument?: unknown) => unknown;

/**
 * The module `k6/x/sse`, with the behaviour of the extension xk6-sse v0.1.12: a stream blocks its
 * VU until it ends, and after a read error it only ends if the script closes it.
 */
export const sseModule: K6Module = (vu) => ({
  open(url: unknown, ...rest: unknown[]) {
    if (vu.phase === "init") throw vu.realm.error("using sse in the init context is not supported");
    if (rest.length !== 1 && rest.length !== 2)
      throw vu.realm.error("invalid number of arguments to sse.open");
    const setup = rest[rest.length - 1];
    if (typeof setup !== "function")
      throw vu.realm.error("last argument to sse.open must be a function");
    const request = toRequest(vu, String(url), rest.length === 2 ? rest[0] : undefined);
    return follow(vu, request, setup as Handler);
  },
});

function follow(vu: VuContext, request: SseRequest, setup: Handler): unknown {
  const opened = vu.link.call("sse-open", request);
  if ("error" in opened) {
    // The extension raises "error" here, before the setup function has added a handler.
    if (vu.options.throw) throw vu.realm.error(opened.error);
    return toResponse(vu.realm, "", 0, {}, opened.error);
  }
  const { stream, status, headers } = opened;
  const close = () => vu.link.call("sse-close", { stream });

  const handlers = new Map<string, Handler[]>();
  const client = vu.realm.object();
  client["on"] = (name: string, handler: unknown) => {
    if (typeof handler === "function")
      handlers.set(name, [...(handlers.get(name) ?? []), handler as Handler]);
  };
  client["close"] = close;
  try {
    setup(client);
  } catch (error) {
    close();
    throw error;
  }
  // An exception of a handler leaves sse.open. The connection stays open until the VU ends.
  const raise = (name: string, ...argument: [] | [unknown]) => {
    for (const handler of handlers.get(name) ?? []) handler(...argument);
  };
  raise("open");
  for (;;) {
    const signal = vu.link.call("sse-next", { stream });
    if (signal.type === "closed") return toResponse(vu.realm, request.url, status, headers, "");
    if (signal.type === "event") raise("event", vu.realm.parse(JSON.stringify(signal.event)));
    else raise("error", goError(vu.realm, signal.message));
  }
}

function toRequest(vu: VuContext, url: string, params: unknown): SseRequest {
  const request: SseRequest = {
    method: "GET",
    url,
    headers: { "User-Agent": vu.options.userAgent, Accept: "text/event-stream" },
    body: "",
    timeoutMs: 0,
    jar: VU_JAR,
    tags: vu.tags({ url }),
  };
  if (params === undefined || params === null) return request;
  for (const [name, value] of Object.entries(params as Record<string, unknown>)) {
    const given = value !== undefined && value !== null;
    if (name === "headers" && given) {
      for (const [header, text] of Object.entries(value as Record<string, unknown>)) {
        request.headers[canonicalHeader(header)] = String(text);
      }
    } else if (name === "tags" && given) request.tags = vu.tags({ url, ...value });
    else if (name === "jar" && value instanceof CookieJar) request.jar = value.id;
    else if (name === "method") request.method = String(value).trim();
    else if (name === "body") request.body = String(value).trim();
    else if (name === "timeout" && given)
      request.timeoutMs = parseTimeout(vu.realm, `${value as string | number}`);
  }
  return request;
}

/** Unlike k6/http, the extension needs a unit: it refuses `timeout: 1000` and `"1000"`. */
function parseTimeout(realm: Realm, text: string): number {
  try {
    return parseGoDuration(text);
  } catch (error) {
    throw realm.error(`invalid sse.open() timeout: ${(error as Error).message}`);
  }
}

function toResponse(
  realm: Realm,
  url: string,
  status: number,
  headers: Record<string, string>,
  error: string,
): unknown {
  return realm.parse(JSON.stringify({ url, status, headers, error }));
}

/** A Go error as a script sees it: not a JavaScript Error; a method returns its text. */
function goError(realm: Realm, message: string): unknown {
  const error = realm.object();
  const text = () => message;
  Object.defineProperty(error, "error", { value: text });
  Object.defineProperty(error, "toString", { value: text });
  return error;
}
