import { parseJson } from "../../../common/portable/parse-json.ts";
import type { CookieStore } from "../../load/native/transport/cookie-store.ts";
import type { ResponseHead } from "../../load/native/transport/http-response-reader.ts";
import { SseScanner, type SseHandlers } from "../../load/native/transport/sse-scanner.ts";
import type {
  OpenStream,
  StreamEnd,
  StreamHandlers,
  StreamTransport,
} from "../../load/native/transport/stream-transport.ts";
import { ENGINE_LIMITS } from "../../load/portable/engine-limits.ts";
import type { EventData, EventReader } from "../../load/portable/service/event-reader.ts";
import { fillRequest } from "../../load/portable/service/fill-template.ts";
import { readNotice } from "../../load/portable/service/read-notice.ts";
import type { ServiceProtocol } from "../../load/portable/service/service-protocol.ts";
import type { SessionRequests } from "../../load/portable/session/session-requests.ts";
import type { Problem } from "../problem.ts";
import { pointersOf, streamHeadProblem } from "./answer-problems.ts";
import type { WatchedEvents } from "./watch-events.ts";

export interface TriedStreamOptions {
  protocol: ServiceProtocol;
  reader: EventReader;
  /** Of the session, which has begun. */
  requests: SessionRequests;
  transport: StreamTransport;
  cookies: CookieStore;
  events: WatchedEvents;
  /** Method and path, before the placeholders are filled. */
  route: string;
  /** Ends every wait. */
  signal: AbortSignal | undefined;
}

/** One connection of a service's stream, followed by the engine's transport and scanner. */
export class TriedStream implements StreamHandlers, SseHandlers, EventData {
  readonly route: string;
  readonly #options: TriedStreamOptions;
  readonly #scanner = new SseScanner(this, ENGINE_LIMITS.maxEventBytes);
  readonly #open: OpenStream;
  #wake: () => void = () => {};
  #end: StreamEnd | undefined;
  problem: Problem | undefined;
  isConfirmed = false;
  confirmedBy = "";
  /** Events so far, noise included. */
  heard = 0;

  constructor(options: TriedStreamOptions) {
    const { protocol, requests, transport, cookies, route } = options;
    this.#options = options;
    this.route = route;
    const request = fillRequest(protocol.stream.request, requests.valueOf, requests.credentials);
    const headers = cookies.addTo({
      accept: "text/event-stream",
      "cache-control": "no-cache",
      ...request.headers,
    });
    this.#open = transport.open({ ...request, headers }, this);
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** How the stream ended, or what else is to be said of the time. */
  endOr(otherwise: string): string {
    if (this.#end === undefined) return otherwise;
    const { kind, reason } = this.#end;
    return kind === "ended" ? "the server closed the stream" : `the stream broke (${reason})`;
  }

  /** The stream ended behind lines that no empty line follows. */
  get unfinishedProblem(): Problem | undefined {
    return this.#end !== undefined && this.#scanner.isWithinEvent
      ? {
          path: ["stream", "request"],
          message: "the stream ended within an event: an empty line has to follow its last line",
        }
      : undefined;
  }

  /** Resolves once it is so, once something does not fit, at the stream's end, or in time. */
  async until(condition: () => boolean, patienceMs: number): Promise<void> {
    const { signal } = this.#options;
    const inTime = AbortSignal.timeout(patienceMs);
    const deadline = signal ? AbortSignal.any([inTime, signal]) : inTime;
    while (!condition() && !this.hasEnded && this.problem === undefined && !deadline.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        deadline.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  close(): void {
    this.#open.close();
  }

  onHead(head: ResponseHead): void {
    this.problem = streamHeadProblem(this.route, head);
    if (this.#options.protocol.stream.confirmed.by === "head") this.#confirm("the response head");
    this.#wake();
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    if (this.problem !== undefined) return;
    if (this.#options.protocol.stream.confirmed.by === "byte") this.#confirm("its first byte");
    this.#scanner.push(buffer, start, end);
    this.#wake();
  }

  onEnd(end: StreamEnd): void {
    this.#end = end;
    this.#wake();
  }

  onSseRetry(): void {}

  onSseEvent(name: string, id: string | undefined): void {
    const { events, reader } = this.#options;
    if (this.problem !== undefined || events.isOver) return;
    this.heard++;
    events.notice(name, this);
    const kind = reader.kindOf(name);
    if (kind === "confirmed") this.#onNotice(name);
    else if (kind === "event") this.problem = events.look(name, id, this, 1);
  }

  text(): string {
    return this.#scanner.data();
  }

  json(): unknown {
    return parseJson(this.#scanner.data());
  }

  #onNotice(name: string): void {
    const { confirmed } = this.#options.protocol.stream;
    if (confirmed.by !== "event") return;
    if (readNotice(confirmed, this.json()) === undefined)
      this.problem = {
        path: ["stream", "confirmed"],
        message:
          `event "${name}" lacks something that the file says it has; it has ` +
          (pointersOf(this.json()).join(", ") || "no JSON"),
      };
    else this.#confirm(`the event ${name}`);
  }

  #confirm(by: string): void {
    this.isConfirmed = true;
    this.confirmedBy = by;
  }
}
