import type { PipelineSSEEvent } from "../../contract/events.ts";
import type { EventHandler } from "../sse-broadcaster.ts";

/** The handlers of this instance's open streams, by session. */
export class LocalClients {
  readonly #handlers = new Map<string, Set<EventHandler>>();

  has(sessionId: string): boolean {
    return this.#handlers.has(sessionId);
  }

  /**
   * Returns a function that removes the handler; it returns true if that was the session's last.
   */
  add(sessionId: string, handler: EventHandler): () => boolean {
    const handlers = this.#handlers.get(sessionId) ?? new Set();
    this.#handlers.set(sessionId, handlers);
    // Wrapped, so that one function can subscribe twice.
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
