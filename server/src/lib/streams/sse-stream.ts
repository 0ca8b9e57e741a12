import type { Response } from "express";
import type { PipelineSSEEvent } from "../../contract/events.ts";
import { eventFrame } from "./sse-frame.ts";

export interface SseStreamOptions {
  /** Unread bytes in this process (not in the kernel) above which the client counts as slow. */
  maxBufferBytes: number;
  /** Called once for each event that is handed to the socket. */
  onWritten: () => void;
  /** The client does not read; the stream is being cut. */
  onSlow: (bufferedBytes: number) => void;
}

/**
 * One open SSE response. It takes events from the first moment and holds them back until {@link open}, so that nothing
 * falls between subscribing and the `connected` notice. Memory is bounded in both phases.
 */
export class SseStream {
  readonly #res: Response;
  readonly #options: SseStreamOptions;
  #held: Buffer[] | undefined = [];
  #heldBytes = 0;
  #ended = false;

  /** Sends headers and the `retry:` field at once. */
  constructor(res: Response, retryMs: number, options: SseStreamOptions) {
    this.#res = res;
    this.#options = options;
    res.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      // nginx and others that know it: do not buffer this answer.
      "x-accel-buffering": "no",
    });
    res.socket?.setNoDelay(true);
    res.write(`retry: ${retryMs}\n\n`);
  }

  get ended(): boolean {
    return this.#ended || this.#res.destroyed;
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
    this.#heldBytes += frame.length;
    if (this.#heldBytes > this.#options.maxBufferBytes) this.#cut(this.#heldBytes);
  }

  /** Sends the notice, then what was held back, in order; from here on events go straight out. */
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

  heartbeat(): void {
    if (!this.ended) this.#write(": heartbeat\n\n");
  }

  /** Sends a last message and ends the answer; a client that does not take it is cut by the caller's deadline. */
  close(message: string): void {
    if (this.ended) return;
    this.#ended = true;
    this.#res.end(message);
  }

  destroy(): void {
    this.#ended = true;
    this.#res.destroy();
  }

  #write(chunk: Buffer | string): void {
    if (this.ended) return;
    this.#res.write(chunk);
    const buffered = this.#res.writableLength;
    if (buffered > this.#options.maxBufferBytes) this.#cut(buffered);
  }

  #cut(bufferedBytes: number): void {
    this.destroy();
    this.#held = undefined;
    this.#options.onSlow(bufferedBytes);
  }
}
