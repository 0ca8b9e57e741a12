import { sleep } from "k6";
import sse, { type SseClient, type SseEvent, type SseResponse } from "k6/x/sse";
import { ENGINE_LIMITS } from "../../../harness/load/portable/engine-limits.ts";
import type { ClientModel, LoadPlan } from "../../../harness/load/portable/load-plan.ts";
import type { SessionSchedule } from "../../../harness/load/portable/load-schedule.ts";
import {
  createReconnectPolicy,
  type ReconnectPolicy,
} from "../../../harness/load/portable/session/reconnect-policy.ts";
import { refusalOf } from "../../../harness/load/portable/http-error.ts";
import { StreamRecord } from "../../../harness/load/portable/session/stream-record.ts";
import {
  CONNECTED_EVENT,
  RECONNECT_EVENT,
  type SessionCreated,
} from "../../../server/src/contract/events.ts";
import { nowMs } from "../output/clock.ts";
import { readConnected, readHint } from "../../../harness/load/portable/session/read-answers.ts";
import { headerOf } from "./http-requests.ts";
import type { RunTimes } from "../plan/run-times.ts";
import type { SessionRecorder } from "../output/session-recorder.ts";

/** An event as the standard would have dispatched it. */
export interface StreamEvent {
  /** `message` when it has none. */
  name: string;
  /** Of this very event; undefined when it has none of its own. */
  id: string | undefined;
  data: string;
  connection: number;
  atMs: number;
}

/** What a page does with its stream. Called while the VU is blocked by the stream: whatever waits here keeps events waiting. */
export interface StreamPage {
  onFirstConnected(): void;
  /** Any event but the control events. True: it was the last one. */
  onEvent(event: StreamEvent): boolean;
}

/** A line that xk6-sse could not read: it reads on after it. Any other error is the end of the stream. */
const UNREADABLE_LINE = "unknown event: ";

/**
 * One session's stream across its reconnects. xk6-sse is no EventSource (see k6-x-sse.d.ts): what makes it one is here, by the native
 * engine's own rules.
 */
export class SseStream {
  readonly #load: LoadPlan;
  readonly #times: RunTimes;
  readonly #created: SessionCreated;
  readonly #page: StreamPage;
  readonly #record: StreamRecord;
  readonly #policy: ReconnectPolicy;
  #lastEventId = "";
  #finished = false;
  // Of the attempt under way.
  /** What came before the confirmation: whether it was a stream at all is known from the status, when the attempt is over. */
  #early: StreamEvent[] = [];
  #closed = false;
  #hinted = false;
  #failure: string | undefined;
  #endedMs: number | undefined;

  constructor(
    load: LoadPlan,
    client: ClientModel,
    schedule: SessionSchedule,
    times: RunTimes,
    created: SessionCreated,
    account: SessionRecorder,
    page: StreamPage,
  ) {
    this.#load = load;
    this.#times = times;
    this.#created = created;
    this.#page = page;
    this.#record = new StreamRecord(
      { recorder: account, counters: { up: 0, reconnects: 0 } },
      schedule.session,
    );
    this.#policy = createReconnectPolicy(client, ENGINE_LIMITS, schedule.jitterSeed);
  }

  /** Returns after the last event, when the client model gives up, or at the deadline. */
  follow(): void {
    while (this.#leftMs > 0) {
      const lastEventId = this.#lastEventId;
      const response = this.#open();
      const refusal = this.#record.isUp ? undefined : whyRefused(response);
      if (refusal !== undefined) this.#lastEventId = lastEventId;
      const delayMs = this.#afterwards(response, refusal, this.#endedMs ?? nowMs());
      if (delayMs === undefined) return;
      sleep(Math.max(0, Math.min(delayMs, this.#leftMs)) / 1000);
    }
  }

  get #leftMs(): number {
    return this.#times.deadlineMs - nowMs();
  }

  /** Blocks until the stream is over. */
  #open(): SseResponse {
    this.#early = [];
    this.#closed = false;
    this.#hinted = false;
    this.#failure = undefined;
    this.#endedMs = undefined;
    const { sessionId, token } = this.#created;
    const url = `${this.#load.url}/api/sessions/${encodeURIComponent(sessionId)}/events`;
    const fetchBased = this.#load.client === "retrying";
    return sse.open(
      // EventSource cannot set a header of its own, so its token travels in the query.
      fetchBased ? url : `${url}?token=${encodeURIComponent(token)}`,
      {
        headers: {
          "cache-control": "no-cache",
          ...(fetchBased ? { "x-session-id": sessionId, authorization: `Bearer ${token}` } : {}),
          ...(this.#lastEventId === "" ? {} : { "last-event-id": this.#lastEventId }),
        },
        tags: { name: "GET /api/sessions/:id/events" },
        // One more than what is left, so that the deadline has passed when it strikes, whatever the clock rounds.
        timeout: `${Math.ceil(this.#leftMs) + 1}ms`,
      },
      (client) => {
        client.on("event", (event) => this.#onEvent(client, event));
        client.on("error", (error) => this.#onError(client, error.error()));
      },
    );
  }

  /** Events may come after the client was closed; they are none any more. */
  #close(client: SseClient, atMs: number): void {
    this.#closed = true;
    this.#endedMs = atMs;
    client.close();
  }

  #onError(client: SseClient, message: string): void {
    if (this.#closed || message.startsWith(UNREADABLE_LINE)) return;
    this.#failure = message;
    // Without it sse.open would never return.
    this.#close(client, nowMs());
  }

  #onEvent(client: SseClient, raw: SseEvent): void {
    if (this.#closed) return;
    const atMs = nowMs();
    const id = withoutCr(raw.id);
    // As in a browser: also the id of a block without data counts.
    if (id !== "") this.#lastEventId = id;
    // Comments and lone `retry:` lines are no events. One with empty data would be, but cannot be told from them.
    if (raw.data === "") return;
    const data = raw.data.replace(/\r\n/g, "\n");
    const name = withoutCr(raw.name) || "message";
    if (name === CONNECTED_EVENT) this.#onConnected(client, data, atMs);
    else if (name === RECONNECT_EVENT) this.#onHint(data);
    else {
      const { connection } = this.#record;
      const event = { name, id: id === "" ? undefined : id, data, connection, atMs };
      if (this.#record.isUp) this.#handOn(client, event);
      else this.#early.push(event);
    }
  }

  #handOn(client: SseClient, event: StreamEvent): void {
    if (this.#closed || !this.#page.onEvent(event)) return;
    this.#finished = true;
    this.#close(client, event.atMs);
  }

  #onConnected(client: SseClient, data: string, atMs: number): void {
    if (this.#record.isUp) return;
    const notice = readConnected(data);
    if (notice === undefined) {
      this.#failure = "malformed connected event";
      this.#close(client, atMs);
      return;
    }
    const { instance, subscribedMs, resume, retryMs } = notice;
    // xk6-sse keeps the `retry:` field to itself.
    this.#policy.onRetry(retryMs);
    this.#policy.onConnected();
    this.#record.up();
    this.#record.connected({ instance, subscribedMs, resume: resume.status, atMs });
    for (const event of this.#early) this.#handOn(client, event);
    if (this.#closed) return;
    if (this.#record.connection === 1) this.#page.onFirstConnected();
  }

  /** The server is about to close the stream; it still delivers until then, so the client stays. */
  #onHint(data: string): void {
    this.#hinted = true;
    const hint = readHint(data);
    if (hint !== undefined) this.#policy.onRetry(hint.retryMs);
  }

  /**
   * Records how the attempt ended.
   * @param refusal why the answer is no event stream
   * @returns delay until the next attempt, milliseconds; undefined: there is none
   */
  #afterwards(response: SseResponse, refusal: string | undefined, atMs: number): number | undefined {
    if (this.#finished) {
      this.#record.disconnected({ reason: "finished", atMs });
      return undefined;
    }
    const isOver = this.#leftMs <= 0;
    if (this.#record.isUp) {
      if (isOver) {
        this.#record.disconnected({ reason: "drained", atMs });
        return undefined;
      }
      const broken = this.#failure === undefined ? "ended" : "error";
      this.#record.disconnected({ reason: this.#hinted ? "hint" : broken, atMs });
      return this.#policy.delayMs("network");
    }
    // What the end of the load cut off says nothing about the topology.
    if (isOver) return undefined;
    const delayMs = this.#policy.delayMs(refusal === undefined ? "network" : "refused");
    const reason = refusal ?? this.#whyUnconfirmed(response);
    this.#record.failed({ status: response.status, reason, fatal: delayMs === undefined, atMs });
    return delayMs;
  }

  #whyUnconfirmed({ status, error }: SseResponse): string {
    if (status === 0) return error || "no answer";
    if (this.#failure === "malformed connected event") return this.#failure;
    return `${this.#failure ?? "ended"} before the stream was confirmed`;
  }
}

/** Undefined: it is an event stream, or there was no answer. */
const whyRefused = ({ status, headers }: SseResponse): string | undefined =>
  status === 0 ? undefined : refusalOf(status, headerOf(headers, "content-type") ?? "");

/** With CRLF line ends xk6-sse leaves the CR on one-line fields. */
const withoutCr = (field: string): string => (field.endsWith("\r") ? field.slice(0, -1) : field);
