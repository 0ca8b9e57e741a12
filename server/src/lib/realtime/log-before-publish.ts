import { withTimeout } from "../../../../common/with-timeout.ts";
import { nowMs } from "../../../../common/clock.ts";
import type { EventLog } from "../redis/event-log.ts";
import type { QueuedEvent } from "./queued-event.ts";

/** The log holds an event up for this long at most, which is also what bounds how many there are. */
const LOG_WAIT_MS = 100;

/**
 * Lets an event go on once the log has it, so that a client finds in one of the two whatever was published before and after it subscribed:
 * what it was too late for on the channel is in the log by then. A log that is slow or away delays nothing for longer than
 * {@link LOG_WAIT_MS}.
 */
export class LogBeforePublish {
  readonly #log: EventLog;
  readonly #send: (event: QueuedEvent) => void;
  /** One after the other, because answers may overtake each other when the log goes away. */
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

  /** Resolves when all that was handed over has gone on. */
  async flushed(): Promise<void> {
    await this.#last;
  }
}
