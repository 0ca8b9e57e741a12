import { nowMs } from "../../../../common/clock.ts";
import { withTimeout } from "../../../../common/with-timeout.ts";
import { sessionChannel, type PipelineSSEEvent } from "../../contract/events.ts";
import type { BrokerState, DropReason } from "../../contract/ledger.ts";
import { eventJson } from "../streams/sse-frame.ts";

/** Sends events to Realtime in the order of each session, and reports each one that it dropped. */
export interface RealtimePublisher {
  /** Never throws and never waits. */
  send(event: QueuedEvent): void;
  /** Resolves when Realtime has answered or refused for the first time. Never rejects. */
  readonly settled: Promise<void>;
  /** Sends the queue for a bounded time, then drops the rest. Call `send` no more after it. */
  shutdown(): Promise<void>;
}

/** Callbacks of both publishers. */
export interface PublisherReports {
  onDrop: (event: PipelineSSEEvent, reason: DropReason) => void;
  /** Called for the first outcome, and for each change. */
  onState: (state: BrokerState, reason?: string) => void;
  onQueue: (events: number, bytes: number) => void;
}

/** What surrounds topic, type and event in a message. */
const ENVELOPE_BYTES = 80;

/** The queue gets this long at the end. */
const FLUSH_MS = 2000;

/** One event on its way to Realtime. */
export class QueuedEvent {
  readonly event: PipelineSSEEvent;
  readonly topic: string;
  /** Size of the message, without the digits of its time. */
  readonly bytes: number;
  readonly #json: string;
  #sentMs: number | undefined;

  constructor(event: PipelineSSEEvent) {
    this.event = event;
    this.topic = sessionChannel(event.sessionId);
    this.#json = eventJson(event);
    this.bytes =
      Buffer.byteLength(this.#json) + this.topic.length + event.type.length + ENVELOPE_BYTES;
  }

  /** The time of the first attempt to send it: the first call sets it. */
  get sentMs(): number {
    return (this.#sentMs ??= nowMs());
  }

  /** One of the messages of `POST /api/broadcast` (supabase/realtime, `BroadcastController`). */
  get httpMessage(): string {
    const payload = `{"sentMs":${this.sentMs},"event":${this.#json}}`;
    return `{"topic":"${this.topic}","event":"${this.event.type}","private":true,"payload":${payload}}`;
  }
}

/** Counts the events that a publisher holds, and bounds their size. */
export class QueueMeter {
  readonly #maxBytes: number;
  readonly #onQueue: PublisherReports["onQueue"];
  #events = 0;
  #bytes = 0;
  #onEmpty: (() => void) | undefined;

  constructor(maxBytes: number, onQueue: PublisherReports["onQueue"]) {
    this.#maxBytes = maxBytes;
    this.#onQueue = onQueue;
  }

  /** Counts the event and returns true, or returns false if the queue has no room for it. */
  add(event: QueuedEvent): boolean {
    if (this.#bytes + event.bytes > this.#maxBytes) return false;
    this.#change(1, event.bytes);
    return true;
  }

  remove(events: Iterable<QueuedEvent>): void {
    let count = 0;
    let bytes = 0;
    for (const event of events) {
      count++;
      bytes += event.bytes;
    }
    if (count > 0) this.#change(-count, -bytes);
  }

  /** Resolves when the queue is empty, or after two seconds. */
  async flushed(): Promise<void> {
    if (this.#events === 0) return;
    await withTimeout(FLUSH_MS, new Promise<void>((resolve) => (this.#onEmpty = resolve)));
  }

  #change(events: number, bytes: number): void {
    this.#events += events;
    this.#bytes += bytes;
    this.#onQueue(this.#events, this.#bytes);
    if (this.#events === 0) this.#onEmpty?.();
  }
}
