import type { PipelineSSEEvent } from "../../contract/events.ts";

let lastEvent: PipelineSSEEvent | undefined;
let lastJson = "";
let lastFrame: Buffer | undefined;

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

/** The event as one SSE message. All streams share one Buffer. */
export function eventFrame(event: PipelineSSEEvent): Buffer {
  const json = eventJson(event);
  lastFrame ??= Buffer.from(
    `id: ${event.epoch}-${event.seq}\nevent: ${event.type}\ndata: ${json}\n\n`,
  );
  return lastFrame;
}
