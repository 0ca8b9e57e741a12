import { sleep } from "k6";
import sse, { type SseClient, type SseEvent, type SseResponse } from "k6/x/sse";
import { parseJson } from "../../../common/portable/parse-json.ts";
import {
  EventReader,
  type EventData,
} from "../../../harness/load/portable/service/event-reader.ts";
import {
  httpErrorOf,
  SseAttempts,
  type SseAttemptsOptions,
} from "../../../harness/load/portable/session/sse-attempts.ts";
import type {
  OwnedStream,
  StreamOwner,
} from "../../../harness/load/portable/session/stream-owner.ts";
import { bodyText, routeName } from "../../../harness/load/portable/service/fill-template.ts";
import type { StreamRecord } from "../../../harness/load/portable/session/stream-record.ts";
import { nowMs } from "../output/clock.ts";
import type { RunTimes } from "../plan/run-times.ts";
import { failureReason } from "./failure-reason.ts";
import { headerOf } from "./http-requests.ts";

/** An event as the standard would have dispatched it. */
interface StreamEvent {
  /** `message` without a name. */
  name: string;
  /** The id of this very event; undefined without one. */
  id: string | undefined;
  data: EventData;
  atMs: number;
}

/** A line that xk6-sse cannot read. It reads on; any other error is the end of the stream. */
const UNREADABLE_LINE = "unknown event: ";
const MALFORMED = "malformed ";

/**
 * A session's event stream by xk6-sse, which is no EventSource (see k6-x-sse.d.ts): the rest is
 * here. The owner is called while the stream blocks the VU, so events wait for as long as the owner
 * takes.
 */
export class K6SseStream implements OwnedStream {
  readonly #url: string;
  /** Names the stream in k6's metrics. */
  readonly #route: string;
  readonly #times: RunTimes;
  readonly #owner: StreamOwner;
  readonly #attempts: SseAttempts;
  readonly #record: StreamRecord;
  readonly #reader: EventReader;
  readonly #confirmedBy: string;
  #lastEventId = "";
  #finished = false;
  // The attempt under way.
  #client: SseClient | undefined;
  /** Events before the confirmation: only the status at the end tells whether this was a stream. */
  #early: StreamEvent[] = [];
  #closed = false;
  #failure: string | undefined;
  #endedMs: number | undefined;
  #atMs = 0;

  constructor(options: SseAttemptsOptions, times: RunTimes, owner: StreamOwner) {
    this.#url = options.plan.url;
    this.#reader = new EventReader(options.plan.service);
    this.#confirmedBy = options.plan.service.stream.confirmed.by;
    this.#route = routeName(options.plan.service.stream.request.path);
    this.#times = times;
    this.#owner = owner;
    this.#attempts = new SseAttempts(options);
    this.#record = this.#attempts.record;
  }

  /** Blocks the VU until {@link close}, until the client model gives up, or until the deadline. */
  open(): void {
    while (this.#leftMs > 0) {
      const lastEventId = this.#lastEventId;
      const response = this.#attempt();
      const httpError = this.#record.isUp ? undefined : whyNoStream(response);
      if (httpError !== undefined) this.#lastEventId = lastEventId;
      const delayMs = this.#afterwards(response, httpError, this.#endedMs ?? nowMs());
      if (delayMs === undefined) return;
      sleep(Math.max(0, Math.min(delayMs, this.#leftMs)) / 1000);
    }
  }

  /** Called by the owner with the last event. The deadline needs no call. */
  close(): void {
    this.#finished = true;
    this.#end(this.#atMs);
  }

  get #leftMs(): number {
    return this.#times.deadlineMs - nowMs();
  }

  /** Blocks until the stream is over. */
  #attempt(): SseResponse {
    this.#early = [];
    this.#closed = false;
    this.#failure = undefined;
    this.#endedMs = undefined;
    const { method, path, headers, body } = this.#attempts.next(this.#lastEventId, nowMs());
    const params = {
      method,
      headers,
      ...(body === undefined ? {} : { body: bodyText(body) }),
      tags: { name: `${method} ${this.#route}` },
      // One more than is left, so that the deadline has passed when it strikes, however k6 rounds.
      timeout: `${Math.ceil(this.#leftMs) + 1}ms`,
    };
    return sse.open(`${this.#url}${path}`, params, (client) => {
      this.#client = client;
      // The status comes only at the end.
      client.on("open", () => this.#onConfirmed("head", nowMs()));
      client.on("event", (event) => this.#onEvent(event));
      client.on("error", (error) => this.#onError(error.error()));
    });
  }

  /** xk6-sse may report events after this; they are dropped. */
  #end(atMs: number): void {
    this.#closed = true;
    this.#endedMs = atMs;
    this.#client?.close();
  }

  #onError(message: string): void {
    if (this.#closed || message.startsWith(UNREADABLE_LINE)) return;
    this.#failure = message;
    // Without this, sse.open would never return.
    this.#end(nowMs());
  }

  #onEvent(raw: SseEvent): void {
    if (this.#closed) return;
    const atMs = nowMs();
    this.#onConfirmed("byte", atMs);
    const id = withoutCr(raw.id);
    // As in a browser, the id of a block without data counts, too.
    if (id !== "") this.#lastEventId = id;
    // Comments and lone `retry:` lines are no events. An event with empty data looks the same.
    if (raw.data === "") return;
    const data = dataOf(raw.data.replace(/\r\n/g, "\n"));
    const name = withoutCr(raw.name) || "message";
    const kind = this.#reader.kindOf(name);
    if (kind === "confirmed") this.#onNotice(name, data, atMs);
    else if (kind === "hint") this.#attempts.onHint(data);
    else if (kind !== "noise") {
      const event = { name, id: id === "" ? undefined : id, data, atMs };
      if (this.#record.isUp) this.#handOn(event);
      else this.#early.push(event);
    }
  }

  #handOn({ name, id, data, atMs }: StreamEvent): void {
    if (this.#closed) return;
    this.#atMs = atMs;
    this.#owner.onEvent(name, id, this.#record.connection, atMs, data);
  }

  #onConfirmed(by: "head" | "byte", atMs: number): void {
    if (this.#record.isUp || this.#confirmedBy !== by) return;
    this.#attempts.onConfirmed(undefined, atMs);
    if (this.#record.connection === 1) this.#owner.onFirstConnected();
  }

  #onNotice(name: string, data: EventData, atMs: number): void {
    if (this.#record.isUp) return;
    if (!this.#attempts.onNotice(data, undefined, atMs)) {
      this.#failure = `${MALFORMED}${name} event`;
      this.#end(atMs);
      return;
    }
    for (const event of this.#early) this.#handOn(event);
    if (this.#closed) return;
    if (this.#record.connection === 1) this.#owner.onFirstConnected();
  }

  /**
   * Records how the attempt ended.
   * @param httpError why the answer is no event stream
   * @returns delay until the next attempt, milliseconds; undefined: there is none
   */
  #afterwards(
    response: SseResponse,
    httpError: string | undefined,
    atMs: number,
  ): number | undefined {
    if (this.#finished) {
      this.#record.disconnected({ reason: "finished", atMs });
      return undefined;
    }
    const isOver = this.#leftMs <= 0;
    if (this.#record.isUp) {
      if (!isOver)
        return this.#attempts.lost(this.#failure === undefined ? "ended" : "error", atMs);
      this.#record.disconnected({ reason: "drained", atMs });
      return undefined;
    }
    // An attempt that the end of the load cut off says nothing about the topology.
    if (isOver) return undefined;
    return httpError === undefined
      ? this.#attempts.failed("network", response.status, this.#whyUnconfirmed(response), atMs)
      : this.#attempts.failed("http-error", response.status, httpError, atMs);
  }

  #whyUnconfirmed({ status, error }: SseResponse): string {
    if (status === 0) return failureReason(error) || "no answer";
    if (this.#failure?.startsWith(MALFORMED) === true) return this.#failure;
    return `${failureReason(this.#failure ?? "ended")} before the stream was confirmed`;
  }
}

/** Decoded once, if at all. */
const dataOf = (text: string): EventData => {
  let parsed: { value: unknown } | undefined;
  return {
    text: () => text,
    json: () => (parsed = parsed ?? { value: parseJson(text) }).value,
  };
};

/** Undefined for an event stream, and without an answer. */
const whyNoStream = ({ status, headers }: SseResponse): string | undefined =>
  status === 0 ? undefined : httpErrorOf(status, headerOf(headers, "content-type") ?? "");

/** With CRLF line ends xk6-sse leaves the CR on one-line fields. */
const withoutCr = (field: string): string => (field.endsWith("\r") ? field.slice(0, -1) : field);
