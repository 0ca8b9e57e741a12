import http from "k6/http";
import type { RequestObservation } from "../../../harness/history/observation.ts";
import { Timer } from "../../../harness/load/portable/realtime/timer.ts";
import type { LogAnswer } from "../../../harness/load/portable/realtime/session-feed.ts";
import { RETRYABLE_STATUSES } from "../../../harness/load/portable/retryable-status.ts";
import type { RealtimeToken } from "../../../server/src/contract/events.ts";
import { nowMs } from "../output/clock.ts";
import { readLogAnswer, readToken } from "../../../harness/load/portable/session/read-answers.ts";
import { approvalOf, SessionRequests, type Answer, type RetriedRequest } from "../session/http-requests.ts";

/** Of a request that k6 did not send, for a reason that it throws. */
const NOT_SENT = { status: 0, headers: {}, body: null };

/** The requests of a page that follows a channel meanwhile: on the VU's event loop, where the channel's messages come in too. */
export class ChannelRequests extends SessionRequests {
  /** Waits for the next try; to be cut short. */
  readonly #waits = new Set<() => void>();
  #closed = false;

  async backgroundLater(count: number): Promise<void> {
    for (let i = 0; i < count && !this.isOver; i++) await this.#send("background", "GET", "/healthz");
  }

  async startLater(): Promise<void> {
    this.hasStarted(await this.#untilAnswered("start", `${this.path}/pipeline`, this.pipelinePlan));
  }

  async answerGateLater(gate: string): Promise<void> {
    const path = `${this.path}/pipeline/gate`;
    this.recordGate(gate, await this.#untilAnswered("gate", path, approvalOf(gate)));
  }

  /** Asks once for a new token of the session's channel; undefined when there was none. */
  async token(): Promise<RealtimeToken | undefined> {
    return readToken((await this.#send("token", "POST", `${this.path}/realtime-token`)).body);
  }

  /** Asks once for what the event log has after an event id; undefined when there was no answer. */
  async log(after: string | undefined): Promise<LogAnswer | undefined> {
    const query = after === undefined ? "" : `?after=${after}`;
    return readLogAnswer((await this.#send("log", "GET", `${this.path}/log${query}`)).body);
  }

  /** Tries nothing once more. What has been sent is still answered, or runs into its time-out. */
  close(): void {
    this.#closed = true;
    for (const end of this.#waits) end();
  }

  async #untilAnswered(request: RetriedRequest, path: string, body: unknown): Promise<Answer | undefined> {
    this.beginTries();
    while (!this.#closed && !this.isOver) {
      const answer = await this.#send(request, "POST", path, body);
      if (!RETRYABLE_STATUSES.has(answer.status)) return answer;
      const delayMs = this.retryDelayMs(request, answer);
      if (delayMs === undefined) return undefined;
      await this.#wait(delayMs);
    }
    return undefined;
  }

  async #send(
    request: RequestObservation["request"],
    method: "GET" | "POST",
    path: string,
    body?: unknown,
  ): Promise<Answer> {
    const askedMs = nowMs();
    const sent = http.asyncRequest(...this.argumentsOf(method, path, body));
    return this.record(request, this.answerOf(await sent.catch(() => NOT_SENT), path, askedMs));
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = new Timer();
      const end = (): void => {
        timer.clear();
        this.#waits.delete(end);
        resolve();
      };
      this.#waits.add(end);
      if (this.#closed) end();
      else timer.set(delayMs, end);
    });
  }
}
