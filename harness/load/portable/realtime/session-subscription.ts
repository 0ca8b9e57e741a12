import type {
  EventLogPage,
  PipelineSSEEvent,
  RealtimeAccess,
  RealtimeToken,
} from "../../../../server/src/contract/events.ts";
import { Timer } from "./timer.ts";
import type { Channel, ChannelDown, ChannelEvents, OpenChannel } from "./channel.ts";
import { retryDelayMs } from "./retry-delay.ts";
import { SessionFeed, type FeedLimits, type LogAnswer } from "./session-feed.ts";

export interface SubscriptionOptions {
  session: { sessionId: string; epoch: string; realtime: RealtimeAccess };
  openChannel: OpenChannel;
  /**
   * `undefined`, or a rejection: no answer this time. Both are tried again, after 1, 2, 5, 10 s.
   */
  fetchToken: () => Promise<RealtimeToken | undefined>;
  /** Asked only when the session's access says that there is an event log. */
  fetchLog: (after: string | undefined) => Promise<LogAnswer | undefined>;
  limits?: Partial<FeedLimits>;
  /** A clock that only goes forward, milliseconds. */
  nowMs: () => number;
}

export interface SubscriptionEvents {
  /** SUBSCRIBED, the first time or again. */
  onSubscribed(): void;
  /**
   * Each event once, in order. `sentMs` as in `RealtimePayload`; what comes from the event log has
   * none.
   */
  onEvent(event: PipelineSSEEvent, sentMs: number | undefined): void;
  /** With catch-up: what the event log answered after a later SUBSCRIBED. At most once for each. */
  onResumed(status: EventLogPage["status"]): void;
  /** An attempt failed or the subscription is down. `over`: the client does not subscribe again. */
  onDown(down: ChannelDown & { over: boolean }): void;
}

/** A new token is asked for when this share of the old one's life is over. */
const REFRESH_AT = 0.8;
/** Shortest time to the next refresh, and the longest that a timer can hold, milliseconds. */
const REFRESH_MS = { min: 1_000, max: 2 ** 31 - 1 };

/**
 * The adaptation layer of a page: follows its one session over Realtime, keeps the token fresh, and
 * hands on typed events.
 *
 * Where the server ends the channel, realtime-js does not join again. For an expired token that is
 * undone here: the token service was away for longer than the token lived, so the page subscribes
 * again once it has a new one. Any other end (a limit of the project, a permission withdrawn) stays
 * one.
 */
export class SessionSubscription implements ChannelEvents {
  readonly #options: SubscriptionOptions;
  readonly #events: SubscriptionEvents;
  readonly #feed: SessionFeed;
  readonly #channel: Channel;
  readonly #timer = new Timer();
  #refreshing = false;
  #failures = 0;
  /** Why the server is about to end the channel. */
  #lastWords = "";
  #waitsForToken = false;
  #over = false;

  constructor(options: SubscriptionOptions, events: SubscriptionEvents) {
    const { session, openChannel, fetchLog, limits, nowMs } = options;
    this.#options = options;
    this.#events = events;
    this.#feed = new SessionFeed({
      sessionId: session.sessionId,
      epoch: session.epoch,
      onEvent: (event, sentMs) => events.onEvent(event, sentMs),
      onResumed: (status) => events.onResumed(status),
      ...(session.realtime.catchUp && { askLog: fetchLog }),
      ...(limits && { limits }),
      nowMs,
    });
    this.#refreshLater(session.realtime);
    this.#channel = openChannel(session.realtime, this);
  }

  /** Leaves for good. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.clear();
    this.#feed.close();
    this.#channel.close();
  }

  onSubscribed(): void {
    if (this.#over) return;
    this.#lastWords = "";
    this.#events.onSubscribed();
    this.#feed.onSubscribed();
  }

  onBroadcast(message: unknown): void {
    this.#feed.onBroadcast(message);
  }

  onSystem(message: unknown): void {
    const { status, message: text } = (message ?? {}) as { status?: unknown; message?: unknown };
    if (status === "error") this.#lastWords = String(text);
  }

  onDown(down: ChannelDown): void {
    if (this.#over) return;
    this.#events.onDown({ ...down, over: false });
    // The next join takes the new one.
    if (isExpiry(down.reason)) void this.#refresh();
  }

  onClosed(): void {
    if (this.#over) return;
    const reason = this.#lastWords || "the server closed the channel";
    this.#waitsForToken = isExpiry(reason);
    if (!this.#waitsForToken) this.close();
    this.#events.onDown({ reason, status: 0, ended: true, over: this.#over });
    if (this.#waitsForToken) void this.#refresh();
  }

  #refreshLater({ expiresInS }: RealtimeToken): void {
    const delayMs = expiresInS * 1000 * REFRESH_AT;
    this.#wait(Math.min(Math.max(delayMs, REFRESH_MS.min), REFRESH_MS.max));
  }

  #wait(delayMs: number): void {
    this.#timer.set(delayMs, () => void this.#refresh());
  }

  async #refresh(): Promise<void> {
    if (this.#refreshing) return;
    this.#refreshing = true;
    const token = await this.#options.fetchToken().catch(() => undefined);
    this.#refreshing = false;
    if (this.#over) return;
    if (token === undefined) {
      this.#wait(retryDelayMs(this.#failures++));
      return;
    }
    this.#failures = 0;
    this.#refreshLater(token);
    this.#channel.setToken(token.token);
    if (!this.#waitsForToken) return;
    this.#waitsForToken = false;
    this.#channel.reopen();
  }
}

const isExpiry = (reason: string): boolean => /expired/i.test(reason);
