import type { Socket } from "node:net";
import type { Response } from "express";
import type { PipelineSSEEvent } from "../../contract/events.ts";
import { chunkOf, eventFrame } from "./sse-frame.ts";

export interface SseStreamOptions {
  /** The client is slow above this number of unread bytes in this process (not in the kernel). */
  maxBufferBytes: number;
  /** Called once for each event written to the socket. */
  onWritten: () => void;
  /** Called when the stream is cut because its client does not read. */
  onSlow: (bufferedBytes: number) => void;
}

/**
 * One open SSE response. It takes events from the start and holds them until {@link open}, so that
 * no event is lost between subscribing and the `connected` notice. Memory is always bounded.
 *
 * Messages go straight to the socket as chunks of HTTP/1.1: a response of Node.js hands each one to
 * the kernel in three parts, which costs a third more CPU (`make bench`). So no middleware may
 * replace `res.write`.
 */
export class SseStream {
  readonly #res: Response;
  /** The response's own once it has one: see `checkRoom` in routes/sessions.ts. */
  readonly #socket: Socket;
  readonly #options: SseStreamOptions;
  #held: string[] | undefined = [];
  #heldBytes = 0;
  #ended = false;

  /**
   * Sends headers and the `retry:` field at once.
   * @param res has a socket
   */
  constructor(res: Response, retryMs: number, options: SseStreamOptions) {
    this.#res = res;
    this.#options = options;
    res.writeHead(200, {
      "content-type": "text/event-stream",
      // A proxy that compresses holds events back until its block is full (RFC 9111, 5.2.2.6).
      "cache-control": "no-store, no-transform",
      // Tells nginx and similar proxies not to buffer this response.
      "x-accel-buffering": "no",
    });
    if (res.socket === null) throw new Error("the response waits behind another one");
    this.#socket = res.socket;
    this.#socket.setNoDelay(true);
    res.write(`retry: ${retryMs}\n\n`);
  }

  get ended(): boolean {
    return this.#ended || this.#socket.destroyed;
  }

  event(event: PipelineSSEEvent): void {
    if (this.ended) return;
    const frame = eventFrame(event);
    if (this.#held === undefined) {
      this.#write(frame);
      this.#options.onWritten();
      return;
    }
    this.#held.push(frame);
    this.#heldBytes += Buffer.byteLength(frame);
    if (this.#heldBytes > this.#options.maxBufferBytes) this.#cut(this.#heldBytes);
  }

  /** Sends the notice, then the held events in order. Later events are sent at once. */
  open(notice: string): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (this.ended) return;
    this.#write(notice);
    for (const frame of held) {
      this.#write(frame);
      this.#options.onWritten();
    }
  }

  /** Sends a control event. */
  control(message: string): void {
    this.#write(message);
  }

  /** Resolves when the client has read most of what was sent, or the stream has ended. */
  async writable(): Promise<void> {
    if (this.ended || !this.#socket.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off("drain", done).off("close", done);
        resolve();
      };
      this.#socket.on("drain", done).on("close", done);
    });
  }

  heartbeat(): void {
    if (!this.ended) this.#write(": heartbeat\n\n");
  }

  /** Sends a last message and ends the response. The caller's deadline cuts slow clients. */
  close(message: string): void {
    if (this.ended) return;
    this.#ended = true;
    this.#res.end(message);
  }

  destroy(): void {
    this.#ended = true;
    this.#res.destroy();
  }

  #write(message: string): void {
    if (this.ended) return;
    // A client of HTTP/1.0 knows no chunks.
    if (this.#res.chunkedEncoding) this.#socket.write(chunkOf(message), "latin1");
    else this.#socket.write(message);
    const buffered = this.#socket.writableLength;
    if (buffered > this.#options.maxBufferBytes) this.#cut(buffered);
  }

  #cut(bufferedBytes: number): void {
    this.destroy();
    this.#held = undefined;
    this.#options.onSlow(bufferedBytes);
  }
}
