import type { PipelineSSEEvent, ReplayGap } from "../../contract/events.ts";
import { sessionChannel } from "../../contract/events.ts";
import type { InstanceLink } from "../instance-link.ts";
import type { EventHandler, SSEBroadcaster, SubscriptionReadiness } from "../sse-broadcaster.ts";
import { withTimeout } from "../../../../common/with-timeout.ts";
import type { AppendQueue } from "./append-queue.ts";
import { Follower, type StreamSink } from "./follower.ts";
import { parseChannelMessage, type OpenedLog, type SessionLog } from "./session-log.ts";

/** Waiting events get this long to reach the log before a hand-over and at shutdown. */
const FLUSH_MS = 1000;
/** The wait before a stream that cannot open is tried again. */
const OPEN_RETRY_MS = 300;

export interface RedisStreamsBroadcasterOptions {
  link: InstanceLink;
  log: SessionLog;
  queue: AppendQueue;
  /** The fencing token of the session's pipeline here; "" if it does not run here. */
  fenceOf: (sessionId: string) => string;
  /** Called for each dropped message that is not of its session's log. */
  onMalformed: (sessionId: string) => void;
  onFailure: (error: unknown) => void;
}

/** What a client missed before its stream opens. */
type OpeningGap = ReplayGap & { reason: NonNullable<OpenedLog["gap"]> };

/** Where a stream begins. */
export interface OpenedStream {
  /** The id for a client that is cut before its next event. */
  id: string;
  gap: OpeningGap | undefined;
  /** Starts delivering: first what the client missed, then live events. */
  begin: () => void;
}

/** One session's streams on this instance. */
interface Session {
  followers: Set<Follower>;
  handlers: Set<EventHandler>;
  /** Streams that are opening or open, and handlers. The last one ends the subscription. */
  users: number;
}

/**
 * Redis Streams. Every event is appended to `sse:log:{sessionId}` and published on
 * `sse:session:{sessionId}` in one step. A stream starts at its client's `Last-Event-ID`, reads the
 * log, and then takes live messages; the numbers of the messages leave no gap at the seam.
 */
export class RedisStreamsBroadcaster implements SSEBroadcaster, SubscriptionReadiness {
  readonly #options: RedisStreamsBroadcasterOptions;
  readonly #sessions = new Map<string, Session>();
  #closed = false;

  constructor(options: RedisStreamsBroadcasterOptions) {
    this.#options = options;
  }

  publish(sessionId: string, event: PipelineSSEEvent): void {
    const fence = event.total > 0 ? this.#options.fenceOf(sessionId) : "";
    this.#options.queue.push(sessionId, event, fence);
  }

  /** Takes live events only, without the log. Streams use {@link openStream}. */
  subscribe(sessionId: string, handler: EventHandler): () => void {
    const own: EventHandler = (event) => handler(event);
    const session = this.#enter(sessionId);
    session.handlers.add(own);
    return () => {
      if (session.handlers.delete(own)) this.#leave(sessionId, session);
    };
  }

  async ready(sessionId: string): Promise<void> {
    await this.#options.link.ready(sessionChannel(sessionId));
  }

  /**
   * Finds where the stream starts. While Redis is away it waits for its return.
   *
   * @param originId the position of a session without events
   * @param signal ends the wait and the stream
   * @returns undefined if the client left first
   */
  async openStream(
    sessionId: string,
    lastEventId: string | undefined,
    originId: string,
    sink: StreamSink,
    signal: AbortSignal,
  ): Promise<OpenedStream | undefined> {
    // Subscribed before the log is read: what comes in between is in both, and delivered once.
    const session = this.#enter(sessionId);
    signal.addEventListener("abort", () => this.#leave(sessionId, session), { once: true });
    await this.ready(sessionId);
    const opened = await this.#openLog(sessionId, lastEventId, originId, signal);
    if (opened === undefined || signal.aborted) return undefined;
    const { from, gap } = opened;
    const { log, onFailure } = this.#options;
    const follower = new Follower({ sessionId, log, sink, from, onFailure });
    const end = (): void => {
      follower.close();
      session.followers.delete(follower);
    };
    signal.addEventListener("abort", end, { once: true });
    return {
      id: from.id,
      gap: gap && { sessionId, reason: gap, after: lastEventId ?? null, resumesAfter: from.id },
      begin: () => {
        if (signal.aborted) return;
        session.followers.add(follower);
        follower.catchUp();
      },
    };
  }

  /** Call it when the subscriptions are in force again: messages in between were missed. */
  resume(): void {
    this.#options.queue.resume();
    for (const { followers } of this.#sessions.values())
      for (const follower of followers) follower.catchUp();
  }

  /** Resolves when every event so far is in the log, or in bounded time. Never rejects. */
  async flushed(): Promise<void> {
    await withTimeout(FLUSH_MS, this.#options.queue.empty());
  }

  async shutdown(): Promise<void> {
    await this.flushed();
    this.#closed = true;
    this.#options.queue.close();
    for (const { followers } of this.#sessions.values())
      for (const follower of followers) follower.close();
    this.#sessions.clear();
  }

  async #openLog(
    sessionId: string,
    lastEventId: string | undefined,
    originId: string,
    signal: AbortSignal,
  ): Promise<OpenedLog | undefined> {
    while (!signal.aborted && !this.#closed) {
      try {
        return await this.#options.log.open(sessionId, lastEventId, originId);
      } catch (error) {
        this.#options.onFailure(error);
        await new Promise((resolve) => setTimeout(resolve, OPEN_RETRY_MS));
      }
    }
    return undefined;
  }

  #enter(sessionId: string): Session {
    let session = this.#sessions.get(sessionId);
    if (session === undefined) {
      session = { followers: new Set(), handlers: new Set(), users: 0 };
      this.#sessions.set(sessionId, session);
      this.#options.link.subscribe(sessionChannel(sessionId), (text) =>
        this.#receive(sessionId, text),
      );
    }
    session.users++;
    return session;
  }

  #leave(sessionId: string, session: Session): void {
    session.users--;
    if (session.users > 0 || this.#sessions.get(sessionId) !== session) return;
    this.#sessions.delete(sessionId);
    this.#options.link.unsubscribe(sessionChannel(sessionId));
  }

  #receive(sessionId: string, text: string): void {
    const message = parseChannelMessage(text);
    if (message === undefined || (message.event && message.event.sessionId !== sessionId)) {
      this.#options.onMalformed(sessionId);
      return;
    }
    const session = this.#sessions.get(sessionId);
    for (const follower of session?.followers ?? []) follower.offer(message);
    if (message.event !== undefined)
      for (const handler of session?.handlers ?? []) handler(message.event);
  }
}
