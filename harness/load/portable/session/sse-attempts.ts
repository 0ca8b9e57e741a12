import type { EngineLimits } from "../engine-limits.ts";
import type { ClientModel, LoadPlan } from "../load-plan.ts";
import type { SessionSchedule } from "../load-schedule.ts";
import type { EventData } from "../service/event-reader.ts";
import { fillPath, fillRequest } from "../service/fill-template.ts";
import { numberAt } from "../service/json-pointer.ts";
import { readNotice } from "../service/read-notice.ts";
import type { StreamProtocol } from "../service/service-protocol.ts";
import { createReconnectPolicy, type Failure, type ReconnectPolicy } from "./reconnect-policy.ts";
import type { SessionRequests } from "./session-requests.ts";
import type { ControlRequest } from "./session-steps.ts";
import { StreamRecord, type StreamLog } from "./stream-record.ts";

export interface SseAttemptsOptions {
  plan: LoadPlan;
  schedule: SessionSchedule;
  limits: EngineLimits;
  /** Of the session, which has begun. */
  requests: SessionRequests;
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
  readonly #stream: StreamProtocol;
  readonly #requests: SessionRequests;
  readonly #policy: ReconnectPolicy;
  readonly #seesRetryField: boolean;
  #hinted = false;
  #resumes = false;

  constructor({ plan, schedule, limits, requests, log, seesRetryField }: SseAttemptsOptions) {
    const { client, jitter } = plan;
    if (client === "realtime") throw new Error("the realtime client model follows no SSE stream");
    this.record = new StreamRecord(log, schedule.session);
    this.#client = client;
    this.#stream = plan.service.stream;
    this.#requests = requests;
    this.#policy = createReconnectPolicy(client, limits, schedule.jitterSeed, jitter);
    this.#seesRetryField = seesRetryField;
  }

  /** Begins an attempt. */
  next(lastEventId: string, atMs: number): ControlRequest {
    this.#hinted = false;
    this.record.attempting(atMs);
    const { request, eventSourcePath = "", sendsLastEventId } = this.#stream;
    const { valueOf, credentials } = this.#requests;
    this.#resumes = lastEventId !== "" && sendsLastEventId;
    const resume = this.#resumes ? { "last-event-id": lastEventId } : {};
    // EventSource cannot set a header, so its token travels in the query.
    if (this.#client === "eventsource")
      return {
        method: "GET",
        path: fillPath(eventSourcePath, valueOf),
        headers: { ...NO_CACHE, ...resume },
      };
    const filled = fillRequest(request, valueOf, credentials);
    return { ...filled, headers: { ...NO_CACHE, ...filled.headers, ...resume } };
  }

  /** A `retry:` field, milliseconds. */
  onRetry(retryMs: number): void {
    this.#policy.onRetry(retryMs);
  }

  /** The stream is confirmed, by something else than an event. */
  onConfirmed(instance: string | undefined, atMs: number): void {
    this.#policy.onConnected();
    this.record.up();
    this.record.connected({
      ...(instance === undefined ? {} : { instance }),
      subscribedMs: atMs,
      resume: this.#resumes ? "unknown" : "none",
      atMs,
    });
  }

  /**
   * The event that confirms the stream.
   * @param instance as the answer's header names it
   * @returns false when it is malformed
   */
  onNotice(data: EventData, instance: string | undefined, atMs: number): boolean {
    const { confirmed } = this.#stream;
    const notice = confirmed.by === "event" ? readNotice(confirmed, data.json()) : undefined;
    if (notice === undefined) return false;
    const { subscribedMs = atMs, retryMs, resume = this.#resumes ? "unknown" : "none" } = notice;
    const name = notice.instance ?? instance;
    if (!this.#seesRetryField && retryMs !== undefined) this.#policy.onRetry(retryMs);
    this.#policy.onConnected();
    this.record.up();
    this.record.connected({
      ...(name === undefined ? {} : { instance: name }),
      subscribedMs,
      resume,
      atMs,
    });
    return true;
  }

  /** The server is about to close the stream; it delivers until then, so the client stays. */
  onHint(data: EventData): void {
    this.#hinted = true;
    const pointer = this.#stream.hint?.retry;
    const retryMs = pointer === undefined ? undefined : numberAt(data.json(), pointer);
    // EventSource does not know this event: the server tells it by `retry:`.
    const isSeen = this.#client === "retrying" || !this.#seesRetryField;
    if (retryMs !== undefined && retryMs >= 0 && isSeen) this.#policy.onRetry(retryMs);
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

const NO_CACHE = { "cache-control": "no-cache" };

const EVENT_STREAM = /^text\/event-stream\s*(;|$)/i;

/** Why an answer is no event stream (WHATWG HTML, 9.2.3). Undefined when it is one. */
export const httpErrorOf = (
  status: number,
  contentType: string,
  contentEncoding = "",
): string | undefined => {
  if (status !== 200) return `status ${status}`;
  if (!EVENT_STREAM.test(contentType)) return `content type ${contentType || "missing"}`;
  // Nobody asked for a compressed one, and its events would be held back to fill a block.
  const plain = contentEncoding === "" || contentEncoding.toLowerCase() === "identity";
  return plain ? undefined : `content encoding ${contentEncoding}`;
};
