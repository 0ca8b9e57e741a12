import { httpUrlOf } from "../../../common/portable/realtime/urls.ts";
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

/** The handshake's limit in k6. `K6_DOUBLE_DIAL_MS` shortens it for a test. Milliseconds. */
const DIAL_MS = 60_000;
/** Longer than any test: k6 waits for the answer to its close frame without a limit. */
const CLOSE_ANSWER_MS = 2 ** 31 - 1;
/** The codes that Go's client has a name for. */
const CODE_NAMES: Readonly<Record<number, string>> = {
  1002: "protocol error",
  1003: "unsupported data",
  1005: "no status",
  1006: "abnormal closure",
  1007: "invalid payload data",
  1008: "policy violation",
  1009: "message too big",
  1010: "mandatory extension missing",
  1011: "internal server error",
  1015: "TLS handshake error",
};
/** RFC 6455, 7.1.5: the connection ended without a close frame. */
const ABNORMAL = 1006;
/** Close codes that are not an error. */
const IN_ORDER = new Set([1000, 1001]);

/**
 * The module `k6/websockets`: a WebSocket on the VU's event loop, which waits while the script
 * blocks. As in k6, a close other than 1000 and 1001 is an `error` first, a reset connection is a
 * `close` without a code, a refused handshake has no status, and `send` throws unless the socket is
 * open. The double has no Blobs.
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
    #readyState: number = WebSocket.CONNECTING;
    #error = "";
    /** Set by a reset of the connection, which k6 reports neither as an error nor by a code. */
    #reset = false;

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
      const options = {
        perMessageDeflate: false,
        handshakeTimeout: Number(vu.data.env["K6_DOUBLE_DIAL_MS"] ?? DIAL_MS),
        // @types/ws does not know it.
        closeTimeout: CLOSE_ANSWER_MS,
        headers: {
          "User-Agent": vu.options.userAgent,
          ...cookies(vu, this.url, params),
          ...texts(params?.headers),
        },
      };
      const ws = new WebSocket(this.url, options);
      this.#ws = ws;
      const release = vu.loop.hold(() => ws.terminate());
      const openedAt = performance.now();
      this.#sample("ws_sessions", 1);
      ws.on("upgrade", ({ socket }) =>
        socket.on(
          "error",
          ({ code }: NodeJS.ErrnoException) => (this.#reset = code === "ECONNRESET"),
        ),
      );
      ws.on("open", () => {
        this.#sample("ws_connecting", performance.now() - openedAt);
        this.#readyState = WebSocket.OPEN;
        this.#emit("open", {});
      });
      ws.on("message", (data, binary) => this.#onMessage(data as Buffer, binary));
      ws.on("ping", () => this.#emit("ping", {}));
      ws.on("pong", () => this.#emit("pong", {}));
      ws.on("error", (error: NodeJS.ErrnoException) => (this.#error ||= goError(error)));
      ws.on("close", (code, reason) => {
        this.#sample("ws_session_duration", performance.now() - openedAt);
        this.#readyState = WebSocket.CLOSED;
        const isClosed = this.#error === "" && !this.#reset;
        const text = code === ABNORMAL ? "unexpected EOF" : reason.toString();
        const error = isClosed ? closeError(code, text) : this.#error;
        if (error !== "") this.#emit("error", { error });
        this.#emit("close", isClosed ? { code, reason: text } : { reason: "" });
        release();
      });
    }

    get readyState(): number {
      return this.#readyState;
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

    /** Returns at once; the socket is closed when the other side has answered. */
    close(code = 1000, reason = ""): void {
      if (this.readyState >= WebSocket.CLOSING) return;
      if (code !== 1000 && !(code >= 3000 && code <= 4999))
        throw vu.realm.error(`InvalidAccessError: a close code is 1000, or 3000 to 4999: ${code}`);
      if (this.readyState === WebSocket.CONNECTING) {
        const message =
          "k6-double: close() of a WebSocket that is connecting never returns on k6 before 2.3";
        vu.loop.fail(vu.realm.error(message));
      }
      this.#readyState = WebSocket.CLOSING;
      this.#ws.close(code, reason);
    }

    #mustBeOpen(): void {
      if (this.readyState !== WebSocket.OPEN)
        throw vu.realm.error("InvalidStateError", "InvalidStateError");
    }

    #onMessage(data: Buffer, binary: boolean): void {
      this.#sample("ws_msgs_received", 1);
      if (!binary) this.#emit("message", { data: data.toString() });
      else if (this.binaryType === "arraybuffer")
        this.#emit("message", { data: vu.realm.arrayBuffer(data) });
      else
        vu.loop.fail(
          vu.realm.error('k6-double: no Blob in the double: set binaryType to "arraybuffer" first'),
        );
    }

    #emit(name: EventName, more: object): void {
      const event = Object.assign(vu.realm.object(), {
        type: name,
        timestamp: Date.now(),
        ...more,
      });
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

function texts(headers: Record<string, unknown> | null | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]),
  );
}

/** The text of Go's client. */
function goError(error: NodeJS.ErrnoException & { address?: string; port?: number }): string {
  const dial = `dial tcp ${error.address ?? ""}:${error.port ?? ""}: connect:`;
  if (error.code === "ECONNREFUSED") return `${dial} connection refused`;
  if (error.message.startsWith("Unexpected server response")) return "websocket: bad handshake";
  if (error.message.startsWith("Opening handshake")) return "read tcp: i/o timeout";
  return error.message;
}

/** The text of Go's client; empty for a close that is no error. */
function closeError(code: number, text: string): string {
  if (IN_ORDER.has(code)) return "";
  const name = CODE_NAMES[code];
  return `websocket: close ${code}${name === undefined ? "" : ` (${name})`}${text && `: ${text}`}`;
}
