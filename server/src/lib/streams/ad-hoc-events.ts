import { randomBytes } from "node:crypto";
import type { PipelineEventType } from "../../contract/events.ts";
import { nowMs } from "../../../../common/clock.ts";
import type { SSEBroadcaster } from "../sse-broadcaster.ts";

/** A new epoch, `[a-z0-9]+`. It begins with the time and is unique across instances. */
export const newEpoch = (): string => Date.now().toString(36) + randomBytes(4).toString("hex");

/**
 * Publishes events outside a pipeline run: chat and workflow changes. This process has one epoch
 * for them and counts over all its sessions. The numbers are unique and ordered without state per
 * session, but have gaps within one.
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

  /** Returns the event's id on the stream. */
  publish(
    sessionId: string,
    type: PipelineEventType,
    payload: Record<string, unknown>,
  ): { eventId: string } {
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
