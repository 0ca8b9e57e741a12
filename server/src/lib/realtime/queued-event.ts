import type { BrokerState, DropReason } from "../../contract/ledger.ts";
import { sessionChannel, type PipelineSSEEvent } from "../../contract/events.ts";
import { eventJson } from "../streams/sse-frame.ts";
import { nowMs } from "../../../../common/clock.ts";

/** Takes events to Supabase Realtime, in the order of each session, and tells of each that it could not. */
export interface RealtimePublisher {
  /** Never throws and never waits. */
  send(event: QueuedEvent): void;
  /** Resolves when it is known whether Realtime is there. Never rejects. */
  readonly settled: Promise<void>;
  /** Sends what is queued for a bounded time, then drops the rest. Nothing may be sent after it. */
  shutdown(): Promise<void>;
}

/** What both publishers tell whoever keeps the books. */
export interface PublisherReports {
  onDrop: (event: PipelineSSEEvent, reason: DropReason) => void;
  /** Whether Realtime can be published to: on each change, and on the first outcome. */
  onState: (state: BrokerState, reason?: string) => void;
  onQueue: (events: number, bytes: number) => void;
}

/** One event on its way to Realtime. */
export class QueuedEvent {
  readonly event: PipelineSSEEvent;
  /** Of the message, without the digits of its time. */
  readonly bytes: number;
  #sentMs: number | undefined;
  readonly #json: string;
  readonly #topic: string;

  constructor(event: PipelineSSEEvent) {
    this.event = event;
    this.#json = eventJson(event);
    this.#topic = sessionChannel(event.sessionId);
    this.bytes = Buffer.byteLength(this.#json) + this.#topic.length + event.type.length + ENVELOPE_BYTES;
  }

  get topic(): string {
    return this.#topic;
  }

  /** When it was first handed to Realtime: by the first call. */
  get sentMs(): number {
    return (this.#sentMs ??= nowMs());
  }

  /** As one of the messages of `POST /api/broadcast` (supabase/realtime, `RealtimeWeb.BroadcastController`). */
  get httpMessage(): string {
    const payload = `{"sentMs":${this.sentMs},"event":${this.#json}}`;
    return `{"topic":"${this.#topic}","event":"${this.event.type}","private":true,"payload":${payload}}`;
  }
}

/** What a message has around topic, type and event. */
const ENVELOPE_BYTES = 80;
