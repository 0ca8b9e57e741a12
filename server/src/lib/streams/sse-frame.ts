import type { PipelineSSEEvent } from "../../contract/events.ts";

let lastEvent: PipelineSSEEvent | undefined;
let lastJson = "";
let lastFrame: Buffer | undefined;

/** The event as JSON. The last one is kept: an event goes to the broker and to all its streams one right after the other. */
export function eventJson(event: PipelineSSEEvent): string {
  if (event !== lastEvent) {
    lastEvent = event;
    lastJson = JSON.stringify(event);
    lastFrame = undefined;
  }
  return lastJson;
}

/** The event as one SSE message; the same Buffer for every stream that it goes to. */
export function eventFrame(event: PipelineSSEEvent): Buffer {
  const json = eventJson(event);
  lastFrame ??= Buffer.from(`id: ${event.epoch}-${event.seq}\nevent: ${event.type}\ndata: ${json}\n\n`);
  return lastFrame;
}
