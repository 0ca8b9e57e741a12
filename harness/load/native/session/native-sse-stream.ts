import { nowMs } from "../../../../common/clock.ts";
import { parseJson } from "../../../../common/portable/parse-json.ts";
import type { SessionSchedule } from "../../portable/load-schedule.ts";
import type { EventData } from "../../portable/service/event-reader.ts";
import type { SessionRequests } from "../../portable/session/session-requests.ts";
import { httpErrorOf, SseAttempts } from "../../portable/session/sse-attempts.ts";
import type { OwnedStream, StreamOwner } from "../../portable/session/stream-owner.ts";
import type { StreamRecord } from "../../portable/session/stream-record.ts";
import type { CookieStore } from "../transport/cookie-store.ts";
import type { ResponseHead } from "../transport/http-response-reader.ts";
import { SseScanner, type SseHandlers } from "../transport/sse-scanner.ts";
import type { OpenStream, StreamEnd, StreamHandlers } from "../transport/stream-transport.ts";
import type { ShardContext } from "../workers/shard-context.ts";

/** A session's event stream on the native engine's sockets. */
export class NativeSseStream implements OwnedStream, StreamHandlers, SseHandlers, EventData {
  readonly #context: ShardContext;
  readonly #cookies: CookieStore;
  readonly #owner: StreamOwner;
  readonly #attempts: SseAttempts;
  readonly #record: StreamRecord;
  #scanner: SseScanner;
  #open: OpenStream | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #status = 0;
  #atMs = 0;
  #instance: string | undefined;
  /** Of the current event. */
  #json: unknown;
  #isParsed = false;

  constructor(
    context: ShardContext,
    schedule: SessionSchedule,
    requests: SessionRequests,
    cookies: CookieStore,
    owner: StreamOwner,
  ) {
    const { plan, limits } = context;
    this.#context = context;
    this.#cookies = cookies;
    this.#owner = owner;
    this.#attempts = new SseAttempts({
      plan,
      schedule,
      limits,
      requests,
      log: context,
      seesRetryField: true,
    });
    this.#record = this.#attempts.record;
    this.#scanner = new SseScanner(this, limits.maxEventBytes);
  }

  open(): void {
    const { limits, transport } = this.#context;
    const { lastEventId } = this.#scanner;
    this.#scanner = new SseScanner(this, limits.maxEventBytes, lastEventId);
    this.#status = 0;
    const request = this.#attempts.next(lastEventId, nowMs());
    const headers = this.#cookies.addTo({ accept: "text/event-stream", ...request.headers });
    this.#open = transport.open({ ...request, headers }, this);
  }

  close(reason: "finished" | "drained"): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#open?.close();
    this.#open = undefined;
    const atMs = reason === "finished" ? this.#atMs : nowMs();
    if (this.#record.isUp) this.#record.disconnected({ reason, atMs });
  }

  onHead(head: ResponseHead, atMs: number): void {
    this.#status = head.status;
    this.#cookies.take(head.setCookies);
    const { headers } = head;
    const { instanceHeader, stream } = this.#context.plan.service;
    if (instanceHeader !== undefined) this.#instance = headers[instanceHeader];
    const httpError = httpErrorOf(
      head.status,
      headers["content-type"] ?? "",
      headers["content-encoding"],
    );
    if (httpError === undefined) {
      if (stream.confirmed.by === "head") this.#onConfirmed(atMs);
      return;
    }
    this.#open?.close();
    this.#openLater(this.#attempts.failed("http-error", this.#status, httpError, atMs));
  }

  onBytes(buffer: Buffer, start: number, end: number, atMs: number): void {
    this.#atMs = atMs;
    if (!this.#record.isUp && this.#context.plan.service.stream.confirmed.by === "byte")
      this.#onConfirmed(atMs);
    this.#scanner.push(buffer, start, end);
  }

  onEnd({ kind, reason, atMs }: StreamEnd): void {
    if (this.#record.isUp) {
      this.#openLater(this.#attempts.lost(kind === "ended" ? "ended" : "error", atMs));
      return;
    }
    const early = kind === "no-answer" ? reason : `${reason} before the stream was confirmed`;
    this.#openLater(this.#attempts.failed("network", this.#status, early, atMs));
  }

  onSseRetry(retryMs: number): void {
    this.#attempts.onRetry(retryMs);
  }

  onSseEvent(name: string, id: string | undefined): void {
    // The rest of a chunk that closed this stream (terminal event, malformed confirmation) is not
    // read.
    if (this.#open === undefined) return;
    this.#isParsed = false;
    switch (this.#context.reader.kindOf(name)) {
      case "event":
      case "gap":
        this.#owner.onEvent(name, id, this.#record.connection, this.#atMs, this);
        return;
      case "confirmed":
        this.#onNotice(name);
        return;
      case "hint":
        this.#attempts.onHint(this);
        return;
      case "noise":
    }
  }

  text(): string {
    return this.#scanner.data();
  }

  json(): unknown {
    if (!this.#isParsed) this.#json = parseJson(this.#scanner.data());
    this.#isParsed = true;
    return this.#json;
  }

  #onConfirmed(atMs: number): void {
    this.#attempts.onConfirmed(this.#instance, atMs);
    if (this.#record.connection === 1) this.#owner.onFirstConnected();
  }

  #onNotice(name: string): void {
    if (this.#record.isUp) return;
    if (!this.#attempts.onNotice(this, this.#instance, this.#atMs)) {
      this.#open?.close();
      const reason = `malformed ${name} event`;
      this.#openLater(this.#attempts.failed("network", this.#status, reason, this.#atMs));
    } else if (this.#record.connection === 1) this.#owner.onFirstConnected();
  }

  #openLater(delayMs: number | undefined): void {
    this.#open = undefined;
    if (delayMs !== undefined) {
      this.#timer = setTimeout(() => this.open(), delayMs);
      return;
    }
    this.#closed = true;
    this.#owner.onGivenUp();
  }
}
