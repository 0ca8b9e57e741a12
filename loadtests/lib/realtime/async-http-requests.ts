import http from "k6/http";
import { Timer } from "../../../harness/load/portable/realtime/timer.ts";
import type { ControlAnswer, Step } from "../../../harness/load/portable/session/session-steps.ts";
import { nowMs } from "../output/clock.ts";
import { HttpRequests } from "../session/http-requests.ts";

/** The answer when k6 throws instead of sending. */
const NOT_SENT = { status: 0, headers: {}, body: null };

/** Takes steps on the VU's event loop, where the messages of the session's channel come in, too. */
export class AsyncHttpRequests extends HttpRequests {
  /** End the waits under way. */
  readonly #cancels = new Set<() => void>();
  #closed = false;

  /** Rejects when it is closed before the step begins, or while it waits. */
  async performLater(step: Step): Promise<ControlAnswer | undefined> {
    if (this.#closed) throw new ClosedError();
    if ("waitMs" in step) return this.#wait(this.boundedMs(step.waitMs));
    const askedMs = nowMs();
    const sent = http.asyncRequest(...this.argumentsOf(step));
    return this.answerOf(await sent.catch(() => NOT_SENT), step, askedMs);
  }

  /** Begins no step any more. Requests under way are still answered, or time out. */
  close(): void {
    this.#closed = true;
    for (const cancel of this.#cancels) cancel();
  }

  #wait(delayMs: number): Promise<undefined> {
    return new Promise((resolve, reject) => {
      const timer = new Timer();
      const cancel = (): void => {
        timer.clear();
        reject(new ClosedError());
      };
      this.#cancels.add(cancel);
      timer.set(delayMs, () => {
        this.#cancels.delete(cancel);
        resolve(undefined);
      });
    });
  }
}

/** The session is over; steps that are left do not matter. */
export class ClosedError extends Error {
  override name = "ClosedError";
}
