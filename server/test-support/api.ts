import { createParser, type EventSourceMessage } from "eventsource-parser";
import { expect } from "vitest";
import {
  CONNECTED_EVENT,
  RECONNECT_EVENT,
  REPLAY_GAP_EVENT,
  type ConnectedNotice,
  type PipelinePlan,
  type PipelineSSEEvent,
  type ReplayGap,
  type SessionCreated,
} from "../src/contract/events.ts";

/** The server as a client sees it. */
export class Api {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async createSession(): Promise<SessionCreated> {
    const response = await fetch(`${this.url}/api/sessions`, { method: "POST" });
    expect(response.status).toBe(201);
    return (await response.json()) as SessionCreated;
  }

  /** Posts to a path below the session. */
  async post(
    session: Pick<SessionCreated, "sessionId" | "token">,
    path: string,
    body: unknown,
  ): Promise<Response> {
    return fetch(`${this.url}/api/sessions/${session.sessionId}/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${session.token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  async start(
    session: SessionCreated,
    plan: Partial<PipelinePlan> & { restart?: boolean } = {},
  ): Promise<Response> {
    return this.post(session, "pipeline", { ...SMALL_PLAN, ...plan });
  }

  /** Opens the stream and waits for `connected`. */
  async connect(session: SessionCreated, lastEventId?: string): Promise<TestStream> {
    const stream = await this.open(session, lastEventId);
    await expect
      .poll(() => stream.messages.at(0)?.event, { timeout: 10_000, interval: 5 })
      .toBe("connected");
    return stream;
  }

  /** Opens the stream and waits for its headers only. */
  async open(session: SessionCreated, lastEventId?: string): Promise<TestStream> {
    const aborter = new AbortController();
    const response = await fetch(`${this.url}/api/sessions/${session.sessionId}/events`, {
      headers: {
        authorization: `Bearer ${session.token}`,
        ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
      },
      signal: aborter.signal,
    });
    expect(response.status).toBe(200);
    return new TestStream(response, aborter);
  }
}

export const SMALL_PLAN: PipelinePlan = {
  events: 5,
  eventsPerSecond: 200,
  gates: 0,
  payloadBytes: 20,
  seed: 7,
};

const CONTROL_EVENTS: ReadonlySet<string | undefined> = new Set([
  CONNECTED_EVENT,
  RECONNECT_EVENT,
  REPLAY_GAP_EVENT,
]);

/** An open stream and all that it has received. */
export class TestStream {
  readonly messages: EventSourceMessage[] = [];
  readonly comments: string[] = [];
  readonly retries: number[] = [];
  readonly headers: Headers;
  /** Resolves when the stream is over: true when the server ended it properly. */
  readonly ended: Promise<boolean>;
  readonly #aborter: AbortController;

  constructor(response: Response, aborter: AbortController) {
    this.headers = response.headers;
    this.#aborter = aborter;
    this.ended = this.#read(response).then(
      () => true,
      () => false,
    );
  }

  get notice(): ConnectedNotice {
    return JSON.parse(this.messages[0]?.data ?? "null") as ConnectedNotice;
  }

  /** The events with a number, in the order of arrival. */
  get events(): PipelineSSEEvent[] {
    return this.messages
      .filter(({ event }) => !CONTROL_EVENTS.has(event))
      .map(({ data }) => JSON.parse(data) as PipelineSSEEvent);
  }

  /** What the server declared as missing. */
  get gaps(): ReplayGap[] {
    return this.messages
      .filter(({ event }) => event === REPLAY_GAP_EVENT)
      .map(({ data }) => JSON.parse(data) as ReplayGap);
  }

  /** What an EventSource sends as `Last-Event-ID` when it reconnects. */
  get lastId(): string | undefined {
    return this.messages.findLast(({ id }) => id !== undefined)?.id;
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }

  close(): void {
    this.#aborter.abort();
  }

  async #read(response: Response): Promise<void> {
    const parser = createParser({
      onEvent: (message) => this.messages.push(message),
      onComment: (comment) => this.comments.push(comment),
      onRetry: (retry) => this.retries.push(retry),
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? [])
      parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
  }
}
