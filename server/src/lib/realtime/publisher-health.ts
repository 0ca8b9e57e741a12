import type { BrokerState } from "../../contract/ledger.ts";
import type { QueuedEvent, PublisherReports } from "./queued-event.ts";

/** What a publisher knows of Realtime from what became of its events, told on each change. */
export class PublisherHealth {
  readonly #tell: PublisherReports["onState"];
  /**
   * What waited when a limit last refused. The limit is over for this publisher when all of that has gone: not with the first batch
   * that gets through, for the next one may be refused again, and not only once nothing waits, which under load is never.
   */
  readonly #held = new Set<QueuedEvent>();
  #state: BrokerState | undefined;
  #downFor: string | undefined;

  constructor(tell: PublisherReports["onState"]) {
    this.#tell = tell;
  }

  get isLimited(): boolean {
    return this.#state === "limited";
  }

  reached(): void {
    if (!this.isLimited) this.#change("up");
  }

  /** @param waiting what the refusal makes wait; nobody has to be told of one that holds up nothing */
  limited(waiting: Iterable<QueuedEvent>): void {
    for (const event of waiting) this.#held.add(event);
    if (this.#held.size > 0) this.#change("limited");
  }

  down(reason: string): void {
    this.#held.clear();
    this.#change("down", reason);
  }

  /** As `down`, and told again when it was down for another reason: somebody has to do something about this one. */
  rejected(reason: string): void {
    if (reason !== this.#downFor) this.#state = undefined;
    this.down(reason);
  }

  /** These wait no longer. */
  gone(events: Iterable<QueuedEvent>): void {
    for (const event of events) this.#held.delete(event);
    if (this.isLimited && this.#held.size === 0) this.#change("up");
  }

  #change(state: BrokerState, reason?: string): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#downFor = reason;
    this.#tell(state, reason);
  }
}
