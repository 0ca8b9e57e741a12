import type { PipelineSSEEvent } from "../../contract/events.ts";
import type { EventHandler } from "../sse-broadcaster.ts";

/** An instance's own map of session to the handlers of its open streams. */
export class LocalClients {
  readonly #handlers = new Map<string, Set<EventHandler>>();

  has(sessionId: string): boolean {
    return this.#handlers.has(sessionId);
  }

  /** The returned function may be called more than once; it tells whether the session's last handler went by this call. */
  add(sessionId: string, handler: EventHandler): () => boolean {
    const handlers = this.#handlers.get(sessionId) ?? new Set();
    this.#handlers.set(sessionId, handlers);
    // Wrapped, so that the same function subscribed twice is two subscriptions.
    const own: EventHandler = (event) => handler(event);
    handlers.add(own);
    return () => {
      if (!handlers.delete(own) || handlers.size > 0) return false;
      return this.#handlers.delete(sessionId);
    };
  }

  deliver(sessionId: string, event: PipelineSSEEvent): void {
    for (const handler of this.#handlers.get(sessionId) ?? []) handler(event);
  }

  clear(): void {
    this.#handlers.clear();
  }
}
