import type { PipelineSSEEvent } from "../../contract/events.ts";

let lastEvent: PipelineSSEEvent | undefined;
let lastJson = "";
let lastFrame: string | undefined;

/** The event as JSON. The last one is cached: the broker and all streams of an event need it. */
export function eventJson(event: PipelineSSEEvent): string {
  if (event !== lastEvent) {
    // It throws for a value that is too deep: the next call must not get the event before.
    lastJson = JSON.stringify(event);
    lastEvent = event;
    lastFrame = undefined;
  }
  return lastJson;
}

/** The event as one SSE message. */
export function eventFrame(event: PipelineSSEEvent): string {
  const json = eventJson(event);
  lastFrame ??= `id: ${event.epoch}-${event.seq}\nevent: ${event.type}\ndata: ${json}\n\n`;
  return lastFrame;
}

let lastMessage = "";
let lastChunk: string | Buffer = "";

/**
 * The message as one chunk (RFC 9112, 7.1): text if all of it is ASCII, which the socket takes as
 * it is. The last one is cached, for all streams of an event.
 */
export function chunkOf(message: string): string | Buffer {
  if (message !== lastMessage) {
    const bytes = Buffer.byteLength(message);
    const chunk = `${bytes.toString(16)}\r\n${message}\r\n`;
    lastChunk = bytes === message.length ? chunk : Buffer.from(chunk);
    lastMessage = message;
  }
  return lastChunk;
}
