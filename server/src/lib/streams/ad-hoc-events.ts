import type { PipelineEventType } from "../../contract/events.ts";
import { nowMs } from "../../../../common/clock.ts";
import { newEpoch } from "./event-id.ts";
import type { SSEBroadcaster } from "../sse-broadcaster.ts";

/**
 * Publishes events that belong to no pipeline run (chat, workflow changes). Their epoch is that of this process, their
 * numbers rise over all its sessions: unique and in order without a memory of sessions, but with gaps within one.
 */
export class AdHocEvents {
  readonly #epoch = newEpoch();
  readonly #instance: string;
  readonly #broadcaster: SSEBroadcaster;
  #seq = 0;

  constructor(instance: string, broadcaster: SSEBroadcaster) {
    this.#instance = instance;
    this.#broadcaster = broadcaster;
  }

  /** Returns the id that the event has on the stream. */
  publish(sessionId: string, type: PipelineEventType, payload: Record<string, unknown>): { eventId: string } {
    const seq = ++this.#seq;
    const atMs = nowMs();
    this.#broadcaster.publish(sessionId, {
      type,
      sessionId,
      epoch: this.#epoch,
      seq,
      total: 0,
      instance: this.#instance,
      intendedMs: atMs,
      publishedMs: atMs,
      payload,
    });
    return { eventId: `${this.#epoch}-${seq}` };
  }
}
