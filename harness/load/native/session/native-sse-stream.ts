import { z } from "zod";
import {
  CONNECTED_EVENT,
  RECONNECT_EVENT,
  type ConnectedNotice,
  type ReconnectHint,
  type SessionCreated,
} from "../../../../server/src/contract/events.ts";
import { nowMs } from "../../../../common/clock.ts";
import type { CookieStore } from "../transport/cookie-store.ts";
import type { ResponseHead } from "../transport/http-response-reader.ts";
import type { SessionSchedule } from "../../portable/load-schedule.ts";
import { parseJson } from "../../../../common/portable/parse-json.ts";
import { createReconnectPolicy, type ReconnectPolicy } from "../../portable/session/reconnect-policy.ts";
import { refusalOf } from "../../portable/http-error.ts";
import type { ShardContext } from "../workers/shard-context.ts";
import { SseScanner, type SseHandlers } from "../transport/sse-scanner.ts";
import type { OwnedStream, StreamOwner } from "../../portable/session/stream-owner.ts";
import { StreamRecord } from "../../portable/session/stream-record.ts";
import type { OpenStream, StreamEnd, StreamHandlers } from "../transport/stream-transport.ts";

type Notice = Pick<ConnectedNotice, "instance" | "subscribedMs"> & { resume: { status: string } };
const connectedNotice: z.ZodType<Notice> = z.object({
  instance: z.string(),
  subscribedMs: z.number(),
  resume: z.object({ status: z.string() }),
});
const reconnectHint: z.ZodType<Pick<ReconnectHint, "retryMs">> = z.object({
  retryMs: z.number().nonnegative(),
});

/** A stream of Server-Sent Events from an instance of the service. */
export class SessionStream implements OwnedStream, StreamHandlers, SseHandlers {
  readonly #context: ShardContext;
  readonly #created: SessionCreated;
  readonly #cookies: CookieStore;
  readonly #owner: StreamOwner;
  readonly #record: StreamRecord;
  readonly #policy: ReconnectPolicy;
  #scanner: SseScanner;
  #open: OpenStream | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #hinted = false;
  #status = 0;
  #atMs = 0;
  readonly #data = (): unknown => parseJson(this.#scanner.data());

  constructor(
    context: ShardContext,
    schedule: SessionSchedule,
    created: SessionCreated,
    cookies: CookieStore,
    owner: StreamOwner,
  ) {
    this.#context = context;
    this.#created = created;
    this.#cookies = cookies;
    this.#owner = owner;
    this.#record = new StreamRecord(context, schedule.session);
    const { client } = context.plan;
    if (client === "realtime") throw new Error("the realtime client model follows no SSE stream");
    this.#policy = createReconnectPolicy(client, context.limits, schedule.jitterSeed);
    this.#scanner = new SseScanner(this, context.limits.maxEventBytes);
  }

  open(): void {
    const { plan, limits, transport } = this.#context;
    const { sessionId, token } = this.#created;
    const { lastEventId } = this.#scanner;
    this.#scanner = new SseScanner(this, limits.maxEventBytes, lastEventId);
    this.#status = 0;
    this.#hinted = false;
    const path = `/api/sessions/${encodeURIComponent(sessionId)}/events`;
    const fetchBased = plan.client === "retrying";
    this.#open = transport.open(
      {
        // EventSource cannot set a header of its own, so its token travels in the query.
        path: fetchBased ? path : `${path}?token=${encodeURIComponent(token)}`,
        headers: {
          accept: "text/event-stream",
          "cache-control": "no-cache",
          ...this.#cookies.headers(),
          ...(fetchBased ? { "x-session-id": sessionId, authorization: `Bearer ${token}` } : {}),
          ...(lastEventId === "" ? {} : { "last-event-id": lastEventId }),
        },
      },
      this,
    );
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
    const refusal = refusalOf(head.status, head.headers["content-type"] ?? "");
    if (refusal === undefined) return;
    this.#open?.close();
    this.#attemptFailed("refused", refusal, atMs);
  }

  onBytes(buffer: Buffer, start: number, end: number, atMs: number): void {
    this.#atMs = atMs;
    this.#scanner.push(buffer, start, end);
  }

  onEnd(end: StreamEnd): void {
    if (!this.#record.isUp) {
      const early = end.kind === "no-answer" ? end.reason : `${end.reason} before the stream was confirmed`;
      this.#attemptFailed("network", early, end.atMs);
      return;
    }
    const reason = this.#hinted ? "hint" : end.kind === "ended" ? "ended" : "error";
    this.#record.disconnected({ reason, atMs: end.atMs });
    this.#openLater(this.#policy.delayMs("network"));
  }

  onSseRetry(retryMs: number): void {
    this.#policy.onRetry(retryMs);
  }

  onSseEvent(name: string, id: string | undefined): void {
    // The rest of a chunk that closed this stream (terminal event, malformed confirmation) is not read any more.
    if (this.#open === undefined) return;
    if (name === CONNECTED_EVENT) this.#onConnected();
    else if (name === RECONNECT_EVENT) this.#onHint();
    else this.#owner.onEvent(name, id, this.#record.connection, this.#atMs, this.#data);
  }

  #onConnected(): void {
    if (this.#record.isUp) return;
    const notice = connectedNotice.safeParse(parseJson(this.#scanner.data()));
    if (!notice.success) {
      this.#open?.close();
      this.#attemptFailed("network", "malformed connected event", this.#atMs);
      return;
    }
    const { instance, subscribedMs, resume } = notice.data;
    this.#policy.onConnected();
    this.#record.up();
    this.#record.connected({ instance, subscribedMs, resume: resume.status, atMs: this.#atMs });
    if (this.#record.connection === 1) this.#owner.onFirstConnected();
  }

  /** The server is about to close the stream; it still delivers until then, so the client stays. */
  #onHint(): void {
    this.#hinted = true;
    const hint = reconnectHint.safeParse(parseJson(this.#scanner.data()));
    // EventSource knows nothing of this event: the server tells it by `retry:`.
    if (hint.success && this.#context.plan.client === "retrying") this.#policy.onRetry(hint.data.retryMs);
  }

  #attemptFailed(failure: "refused" | "network", reason: string, atMs: number): void {
    const delayMs = this.#policy.delayMs(failure);
    this.#record.failed({ status: this.#status, reason, fatal: delayMs === undefined, atMs });
    this.#openLater(delayMs);
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
