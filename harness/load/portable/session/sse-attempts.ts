import type { SessionCreated } from "../../../../server/src/contract/events.ts";
import type { EngineLimits } from "../engine-limits.ts";
import type { ClientModel, LoadPlan } from "../load-plan.ts";
import type { SessionSchedule } from "../load-schedule.ts";
import { readConnected, readHint } from "./read-answers.ts";
import { createReconnectPolicy, type Failure, type ReconnectPolicy } from "./reconnect-policy.ts";
import { credentials } from "./session-requests.ts";
import { StreamRecord, type StreamLog } from "./stream-record.ts";

export interface SseAttemptsOptions {
  plan: LoadPlan;
  schedule: SessionSchedule;
  limits: EngineLimits;
  created: SessionCreated;
  log: StreamLog;
  /** Whether the engine's parser reports `retry:` fields. If not, the event payloads stand in. */
  seesRetryField: boolean;
}

/**
 * One session's event stream across its attempts: what an attempt sends, what follows from the way
 * it ends, and what the history says of it. An engine brings the transport and the parser.
 */
export class SseAttempts {
  readonly record: StreamRecord;
  readonly #client: ClientModel;
  readonly #created: SessionCreated;
  readonly #policy: ReconnectPolicy;
  readonly #seesRetryField: boolean;
  #hinted = false;

  constructor({ plan, schedule, limits, created, log, seesRetryField }: SseAttemptsOptions) {
    const { client, jitter } = plan;
    if (client === "realtime") throw new Error("the realtime client model follows no SSE stream");
    this.record = new StreamRecord(log, schedule.session);
    this.#client = client;
    this.#created = created;
    this.#policy = createReconnectPolicy(client, limits, schedule.jitterSeed, jitter);
    this.#seesRetryField = seesRetryField;
  }

  /** Begins an attempt. @returns path with query, and headers */
  next(lastEventId: string, atMs: number): { path: string; headers: Record<string, string> } {
    this.#hinted = false;
    this.record.attempting(atMs);
    const { sessionId, token } = this.#created;
    const path = `/api/sessions/${encodeURIComponent(sessionId)}/events`;
    const fetchBased = this.#client === "retrying";
    return {
      // EventSource cannot set a header, so its token travels in the query.
      path: fetchBased ? path : `${path}?token=${encodeURIComponent(token)}`,
      headers: {
        "cache-control": "no-cache",
        ...(fetchBased ? credentials(this.#created) : {}),
        ...(lastEventId === "" ? {} : { "last-event-id": lastEventId }),
      },
    };
  }

  /** A `retry:` field, milliseconds. */
  onRetry(retryMs: number): void {
    this.#policy.onRetry(retryMs);
  }

  /** The `connected` event. @returns false when it is malformed */
  onConnected(data: string, atMs: number): boolean {
    const notice = readConnected(data);
    if (notice === undefined) return false;
    const { instance, subscribedMs, resume, retryMs } = notice;
    if (!this.#seesRetryField) this.#policy.onRetry(retryMs);
    this.#policy.onConnected();
    this.record.up();
    this.record.connected({ instance, subscribedMs, resume: resume.status, atMs });
    return true;
  }

  /** The server is about to close the stream; it delivers until then, so the client stays. */
  onHint(data: string): void {
    this.#hinted = true;
    const hint = readHint(data);
    // EventSource does not know this event: the server tells it by `retry:`.
    if (hint !== undefined && (this.#client === "retrying" || !this.#seesRetryField))
      this.#policy.onRetry(hint.retryMs);
  }

  /** A confirmed stream ended. @returns delay until the next attempt, milliseconds */
  lost(how: "ended" | "error", atMs: number): number | undefined {
    this.record.disconnected({ reason: this.#hinted ? "hint" : how, atMs });
    return this.#policy.delayMs("network");
  }

  /**
   * An attempt ended before it was confirmed.
   * @returns delay until the next attempt, milliseconds; undefined: the client model gives up
   */
  failed(failure: Failure, status: number, reason: string, atMs: number): number | undefined {
    const delayMs = this.#policy.delayMs(failure);
    this.record.failed({ status, reason, fatal: delayMs === undefined, atMs });
    return delayMs;
  }
}

const EVENT_STREAM = /^text\/event-stream\s*(;|$)/i;

/** Why an answer is no event stream (WHATWG HTML, 9.2.3). Undefined when it is one. */
export const httpErrorOf = (status: number, contentType: string): string | undefined => {
  if (status !== 200) return `status ${status}`;
  return EVENT_STREAM.test(contentType) ? undefined : `content type ${contentType || "missing"}`;
};
