import type { EventData } from "../service/event-reader.ts";

/** What a session learns from its stream. */
export interface StreamOwner {
  /** First confirmation of the stream. */
  onFirstConnected(): void;
  /**
   * Any event but those about the stream itself. `data` is valid until this returns. `sentMs`: when
   * its publisher began to hand it to the broker, where the event says so.
   */
  onEvent(
    name: string,
    id: string | undefined,
    connection: number,
    atMs: number,
    data: EventData,
    sentMs?: number,
  ): void;
  /** The client model will not open the stream again. */
  onGivenUp(): void;
}

/** One session's stream across its reconnects, as its client model does it. */
export interface OwnedStream {
  /** Opens the stream, and from then on as often as the client model wants. */
  open(): void;
  /** Leaves for good. */
  close(reason: "finished" | "drained"): void;
}
