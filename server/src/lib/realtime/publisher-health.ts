import type { BrokerState } from "../../contract/ledger.ts";
import type { PublisherReports, QueuedEvent } from "./queued-event.ts";

/** Derives the state of Realtime from what happens to a publisher's events. Reports each change. */
export class PublisherHealth {
  readonly #report: PublisherReports["onState"];
  /**
   * The events that waited when a limit last refused one. The limit is over when all of them are
   * gone. The first accepted batch is too early, because the next one can be refused again. An
   * empty queue is too late, because under load it never is empty.
   */
  readonly #held = new Set<QueuedEvent>();
  #state: BrokerState | undefined;
  #downFor: string | undefined;

  constructor(report: PublisherReports["onState"]) {
    this.#report = report;
  }

  get isLimited(): boolean {
    return this.#state === "limited";
  }

  reached(): void {
    if (!this.isLimited) this.#change("up");
  }

  /** @param waiting the events that the refusal delays; without any, there is nothing to report */
  limited(waiting: Iterable<QueuedEvent>): void {
    for (const event of waiting) this.#held.add(event);
    if (this.#held.size > 0) this.#change("limited");
  }

  down(reason: string): void {
    this.#held.clear();
    this.#change("down", reason);
  }

  /** Like `down`, but reports a new reason even if it was down: an operator has to act on it. */
  rejected(reason: string): void {
    if (reason !== this.#downFor) this.#state = undefined;
    this.down(reason);
  }

  /** Call it when these events no longer wait. */
  gone(events: Iterable<QueuedEvent>): void {
    for (const event of events) this.#held.delete(event);
    if (this.isLimited && this.#held.size === 0) this.#change("up");
  }

  #change(state: BrokerState, reason?: string): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#downFor = reason;
    this.#report(state, reason);
  }
}
