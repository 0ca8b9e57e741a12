import { httpUrlOf } from "../../../common/portable/realtime/urls.ts";
import type { IncomingHttpHeaders } from "node:http";
import WebSocket from "ws";

import { CookieJar, VU_JAR } from "./cookie-jar-handle.ts";
import type { K6Module, VuContext } from "../vu/vu-context.ts";

type Listener = (event: unknown) => unknown;

interface Params {
  headers?: Record<string, unknown> | null;
  jar?: unknown;
  tags?: object | null;
}

const PARAMS = new Set(["headers", "jar", "tags"]);
const EVENTS = ["open", "message", "error", "close", "ping", "pong"] as const;
type EventName = (typeof EVENTS)[number];

/** `MessageType` of @types/k6. Other events have type 0. */
const MESSAGE_TYPE = { text: 1, binary: 2 };
/** Names of the codes of RFC 6455 in Go's client. */
const CODE_NAMES: Readonly<Record<number, string>> = {
  1002: "protocol error",
  1003: "unsupported data",
  1005: "no status",
  1006: "abnormal closure",
  1007: "invalid payload data",
  1008: "policy violation",
  1009: "message too big",
  1011: "internal server error",
  1012: "service restart",
  1013: "try again later",
};
/** Close codes that are not an error. */
const IN_ORDER = new Set([1000, 1001]);

/**
 * The module `k6/websockets`: a WebSocket on the VU's event loop, which waits while the script
 * blocks. As documented, `close` has no code and no reason, a close other than 1000 and 1001 is an
 * `error` first, a refused handshake has no status, and `send` throws unless the socket is open.
 * The double has no Blobs.
 */
export const websocketsModule: K6Module = (vu) => ({ WebSocket: webSocketClass(vu) });

function webSocketClass(vu: VuContext) {
  return class K6WebSocket {
    readonly url: string;
    binaryType = "blob";
    onopen: Listener | undefined;
    onmessage: Listener | undefined;
    onerror: Listener | undefined;
    onclose: Listener | undefined;
    onping: Listener | undefined;
    onpong: Listener | undefined;
    readonly #ws: WebSocket;
    readonly #tags: object;
    readonly #listeners = new Map<string, Listener[]>();
    #error = "";

    constructor(url: unknown, _protocols?: unknown, params?: Params | null) {
      if (vu.phase === "init")
        throw vu.realm.error("using websockets in the init context is not supported");
      this.url = String(url);
      if (!/^wss?:\/\/[^/]/.test(this.url))
        throw vu.realm.error(`requires a ws:// or wss:// url, not "${this.url}"`, "SyntaxError");
      for (const name of Object.keys(params ?? {})) {
        if (!PARAMS.has(name))
          throw vu.realm.error(
            `k6-double: the param "${name}" of k6/websockets is not in the double`,
          );
      }
      this.#tags = { url: this.url, ...params?.tags };
      const ws = new WebSocket(this.url, {
        perMessageDeflate: false,
        headers: {
          "User-Agent": vu.options.userAgent,
          ...cookies(vu, this.url, params),
          ...texts(params?.headers),
        },
      });
      this.#ws = ws;
      const release = vu.loop.hold(() => ws.terminate());
      const openedAt = performance.now();
      this.#sample("ws_sessions", 1);
      ws.on("open", () => {
        this.#sample("ws_connecting", performance.now() - openedAt);
        this.#emit("open", {});
      });
      ws.on("message", (data, binary) => this.#onMessage(data as Buffer, binary));
      ws.on("ping", () => this.#emit("ping", {}));
      ws.on("pong", () => this.#emit("pong", {}));
      ws.on("error", (error: NodeJS.ErrnoException) => (this.#error ||= goError(error)));
      ws.on("close", (code, reason) => {
        this.#sample("ws_session_duration", performance.now() - openedAt);
        const error = this.#error || closeError(code, reason.toString());
        if (error !== "") this.#emit("error", { error });
        this.#emit("close", {});
        release();
      });
    }

    get readyState(): number {
      return this.#ws.readyState;
    }

    get bufferedAmount(): number {
      return this.#ws.bufferedAmount;
    }

    addEventListener(name: string, listener: Listener): void {
      if (!(EVENTS as readonly string[]).includes(name))
        throw vu.realm.error(`unknown event type: ${name}`);
      this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
    }

    send(data: unknown): void {
      this.#mustBeOpen();
      if (
        typeof data !== "string" &&
        Object.prototype.toString.call(data) !== "[object ArrayBuffer]"
      )
        throw vu.realm.error(`k6-double: send() of ${typeof data} is not in the double`);
      this.#sample("ws_msgs_sent", 1);
      this.#ws.send(data as string | ArrayBuffer);
    }

    ping(): void {
      this.#mustBeOpen();
      this.#ws.ping();
    }

    close(code = 1000, reason = ""): void {
      this.#ws.close(code, reason);
    }

    #mustBeOpen(): void {
      if (this.readyState !== WebSocket.OPEN)
        throw vu.realm.error("InvalidStateError", "InvalidStateError");
    }

    #onMessage(data: Buffer, binary: boolean): void {
      this.#sample("ws_msgs_received", 1);
      if (!binary) this.#emit("message", { type: MESSAGE_TYPE.text, data: data.toString() });
      else if (this.binaryType === "arraybuffer")
        this.#emit("message", { type: MESSAGE_TYPE.binary, data: vu.realm.arrayBuffer(data) });
      else
        vu.loop.fail(
          vu.realm.error('k6-double: no Blob in the double: set binaryType to "arraybuffer" first'),
        );
    }

    #emit(name: EventName, more: object): void {
      const event = Object.assign(vu.realm.object(), { type: 0, timestamp: Date.now(), ...more });
      for (const listener of [this[`on${name}`], ...(this.#listeners.get(name) ?? [])]) {
        if (typeof listener === "function") vu.loop.run(() => listener(event));
      }
    }

    #sample(metric: string, value: number): void {
      vu.link.tell({ note: "sample", metric, value, tags: vu.tags(this.#tags) });
    }
  };
}

function cookies(
  vu: VuContext,
  url: string,
  params: Params | null | undefined,
): Record<string, string> {
  const jar = params?.jar instanceof CookieJar ? params.jar.id : VU_JAR;
  const found = vu.link.call("jar", { jar, action: "get", url: httpUrlOf(url) });
  const pairs = Object.entries(found).flatMap(([name, values]) =>
    values.map((value) => `${name}=${value}`),
  );
  return pairs.length === 0 ? {} : { Cookie: pairs.join("; ") };
}

function texts(headers: Record<string, unknown> | null | undefined): IncomingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]),
  );
}

/** The text of Go's client. */
function goError(error: NodeJS.ErrnoException & { address?: string; port?: number }): string {
  const dial = `dial tcp ${error.address ?? ""}:${error.port ?? ""}: connect:`;
  if (error.code === "ECONNREFUSED") return `${dial} connection refused`;
  if (error.message.startsWith("Unexpected server response")) return "websocket: bad handshake";
  if (error.code === "ECONNRESET") return closeError(1006, "");
  return error.message;
}

function closeError(code: number, reason: string): string {
  if (IN_ORDER.has(code)) return "";
  const text = code === 1006 ? "unexpected EOF" : reason;
  return `websocket: close ${code} (${CODE_NAMES[code] ?? "unknown"})${text && `: ${text}`}`;
}
