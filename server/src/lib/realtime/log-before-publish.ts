import { nowMs } from "../../../../common/clock.ts";
import { withTimeout } from "../../../../common/with-timeout.ts";
import type { EventLog } from "../redis/event-log.ts";
import type { QueuedEvent } from "./queued-event.ts";

/** The log delays an event by at most this long, which also bounds the number of waiting events. */
const LOG_WAIT_MS = 100;

/**
 * Sends an event once the log has it. A client then finds each event in the log or on the channel:
 * the log already has what came before its subscription. A slow or absent log delays nothing for
 * longer than {@link LOG_WAIT_MS}.
 */
export class LogBeforePublish {
  readonly #log: EventLog;
  readonly #send: (event: QueuedEvent) => void;
  /** Keeps the order, because answers can overtake each other when the log goes away. */
  #last: Promise<void> = Promise.resolve();

  constructor(log: EventLog, send: (event: QueuedEvent) => void) {
    this.#log = log;
    this.#send = send;
  }

  send(event: QueuedEvent): void {
    const logged = this.#log.append(event.event);
    const deadlineMs = nowMs() + LOG_WAIT_MS;
    this.#last = this.#last.then(async () => {
      await withTimeout(Math.max(0, deadlineMs - nowMs()), logged);
      this.#send(event);
    });
  }

  /** Resolves when every event so far has been sent. */
  async flushed(): Promise<void> {
    await this.#last;
  }
}
