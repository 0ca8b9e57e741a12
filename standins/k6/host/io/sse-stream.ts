import type { IncomingMessage } from "node:http";

import { canonicalHeaders } from "../../go-formats.ts";
import type { SseEvent, SseRequest, SseSignal } from "../../protocol.ts";
import type { CookieJar } from "./cookie-jar.ts";
import { LONGEST_TIMER_MS } from "./http-request.ts";
import { describeFailure, openResponse } from "./open-response.ts";

/** Signals that are read ahead of the VU. Then the stream applies backpressure to the server. */
const READ_AHEAD = 16;
const REDIRECTS = 10;
const NEWLINE = 10;
const TIMED_OUT = "k6-double: timed out";

/** An open stream of k6/x/sse. Its VU takes one signal after the other. */
export class SseStream {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly #response: IncomingMessage;
  readonly #abort: AbortController;
  readonly #lines = new SseLines();
  #signals: SseSignal[] = [];
  #waiting: ((signal: SseSignal) => void) | undefined;
  #closed = false;

  private constructor(response: IncomingMessage, abort: AbortController, timedOut: () => boolean) {
    this.#response = response;
    this.#abort = abort;
    this.status = response.statusCode ?? 0;
    this.headers = canonicalHeaders(response.rawHeaders);
    response.on("data", (bytes: Buffer) => {
      for (const result of this.#lines.feed(bytes)) this.#push(result);
    });
    response.on("end", () => this.#push({ type: "closed" }));
    const { socket } = response;
    const addresses = `${goAddress(socket.localAddress, socket.localPort)}->${goAddress(socket.remoteAddress, socket.remotePort)}`;
    let cut = "unexpected EOF";
    socket.prependListener("error", ({ code }: NodeJS.ErrnoException) => {
      if (code === "ECONNRESET") cut = `read tcp ${addresses}: read: connection reset by peer`;
    });
    // After a read error the extension waits forever unless the script closes the stream.
    response.on("error", () => {
      const message = timedOut()
        ? "context deadline exceeded (Client.Timeout or context cancellation while reading body)"
        : cut;
      this.#push({ type: "error", message });
    });
  }

  /**
   * @param stopped ends the stream with its VU
   * @returns the stream, or Go's text of the failure
   */
  static async open(
    request: SseRequest,
    jar: CookieJar,
    stopped: AbortSignal,
  ): Promise<SseStream | { error: string }> {
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, stopped]);
    const timedOut = () => abort.signal.reason === TIMED_OUT;
    if (request.timeoutMs > 0) {
      const timer = setTimeout(
        () => abort.abort(TIMED_OUT),
        Math.min(request.timeoutMs, LONGEST_TIMER_MS),
      );
      signal.addEventListener("abort", () => clearTimeout(timer));
    }
    const verb = request.method.charAt(0) + request.method.slice(1).toLowerCase();
    try {
      const { response } = await openResponse({
        ...request,
        body: request.body === "" ? null : request.body,
        cookies: {},
        redirects: REDIRECTS,
        jar,
        agent: false,
        signal,
      });
      return new SseStream(response, abort, timedOut);
    } catch (error) {
      abort.abort();
      const reason = timedOut()
        ? "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        : describeFailure(error, request.url).message;
      return { error: `${verb} "${request.url}": ${reason}` };
    }
  }

  /** Resolves with the next signal. */
  async next(): Promise<SseSignal> {
    const signal = this.#signals.shift();
    if (this.#signals.length < READ_AHEAD) this.#response.resume();
    if (signal === undefined && this.#closed) return { type: "closed" };
    return signal ?? new Promise((resolve) => (this.#waiting = resolve));
  }

  /** Ends the connection. Like the extension, it may still deliver one event that it has read. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#signals = this.#signals.slice(0, 1).filter((signal) => signal.type === "event");
    this.#abort.abort();
    this.#waiting?.({ type: "closed" });
  }

  #push(signal: SseSignal): void {
    if (this.#closed) return;
    if (signal.type === "closed") this.#abort.abort();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) waiting(signal);
    else if (this.#signals.push(signal) >= READ_AHEAD) this.#response.pause();
  }
}

/** The result of a line: a whole event, or a line that the extension does not know. */
type SseLineResult = { type: "event"; event: SseEvent } | { type: "error"; message: string };

/**
 * Reads lines like xk6-sse v0.1.12, which differs from the standard: only `\n` ends a line, an
 * empty line always makes an event, the CR of a CRLF stays on id, name and comment, and a line
 * without a known prefix is an error.
 */
class SseLines {
  #rest: Buffer = Buffer.alloc(0);
  #event = emptyEvent();
  #data: Buffer[] = [];

  /** Never returns an unfinished line or block at the end of the stream. */
  feed(bytes: Buffer): SseLineResult[] {
    const results: SseLineResult[] = [];
    let buffer = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (let end = buffer.indexOf(NEWLINE); end >= 0; end = buffer.indexOf(NEWLINE)) {
      const result = this.#line(buffer.subarray(0, end + 1));
      if (result !== undefined) results.push(result);
      buffer = buffer.subarray(end + 1);
    }
    this.#rest = buffer;
    return results;
  }

  /** @param line with its newline */
  #line(line: Buffer): SseLineResult | undefined {
    const text = line.toString("utf8");
    if (text === "\n" || text === "\r\n") {
      const data = Buffer.concat(this.#data)
        .toString("utf8")
        .replace(/[\r\n]+$/, "");
      const event = { ...this.#event, data };
      this.#event = emptyEvent();
      this.#data = [];
      return { type: "event", event };
    }
    const [prefix] = /^(?:id|event|data|retry)?:/.exec(text) ?? [];
    if (prefix === undefined) return { type: "error", message: `unknown event: ${text}` };
    const skipped = prefix.length + (text[prefix.length] === " " ? 1 : 0);
    const value = text.slice(skipped, -1);
    if (prefix === "id:") this.#event.id = value;
    else if (prefix === ":") this.#event.comment = value;
    else if (prefix === "event:") this.#event.name = value;
    // The prefix is ASCII: its bytes and characters have the same number.
    else if (prefix === "data:") this.#data.push(Buffer.from(line.subarray(skipped)));
    return undefined;
  }
}

const goAddress = (host = "", port = 0): string => `${host}:${port}`;

function emptyEvent(): SseEvent {
  return { id: "", comment: "", name: "", data: "" };
}
