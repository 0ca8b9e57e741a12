import type { IncomingMessage } from "node:http";

import { canonicalHeaders } from "../canonical-header.ts";
import type { SseRequest, SseSignal } from "../protocol.ts";
import type { CookieJar } from "./cookie-jar.ts";
import { LONGEST_TIMER_MS } from "./http-request.ts";
import { describeFailure, openResponse } from "./open-response.ts";
import { SseLines } from "./sse-lines.ts";

/** Signals that are read ahead of the VU; beyond them the server feels the back pressure. */
const READ_AHEAD = 16;
const REDIRECTS = 10;
const TIMED_OUT = "k6-double: timed out";

/** A stream of k6/x/sse that has been opened. Its VU takes one signal after the other. */
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
    // After a read error nothing comes any more, and the extension waits for ever unless the script closes the stream.
    response.on("error", () => {
      const message = timedOut()
        ? "context deadline exceeded (Client.Timeout or context cancellation while reading body)"
        : "unexpected EOF";
      this.#push({ type: "error", message });
    });
  }

  /**
   * @param stopped ends the stream with its VU
   * @returns the stream, or Go's text of why there is none
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
      const timer = setTimeout(() => abort.abort(TIMED_OUT), Math.min(request.timeoutMs, LONGEST_TIMER_MS));
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

  /** The next signal, when it is there. */
  async next(): Promise<SseSignal> {
    const signal = this.#signals.shift();
    if (this.#signals.length < READ_AHEAD) this.#response.resume();
    if (signal === undefined && this.#closed) return { type: "closed" };
    return signal ?? new Promise((resolve) => (this.#waiting = resolve));
  }

  /** Ends the connection. One event that had been read already may still be delivered, as the extension does. */
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
