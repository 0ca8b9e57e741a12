import type { RealtimeAccess } from "../../../../server/src/contract/events.ts";

/** What a session's channel reports, with any client. */
export interface ChannelEvents {
  /** The server confirmed the subscription: SUBSCRIBED. */
  onSubscribed(): void;
  /** A `broadcast` message, as it came. */
  onBroadcast(message: unknown): void;
  /**
   * A `system` message, as it came. The server ends the channel right behind one of status `error`.
   */
  onSystem(message: unknown): void;
  /**
   * An attempt failed, or the channel is down (CHANNEL_ERROR, TIMED_OUT). The client tries again by
   * itself.
   */
  onDown(down: ChannelDown): void;
  /** The server ended the channel (CLOSED). The client does not join again by itself. */
  onClosed(): void;
}

export interface ChannelDown {
  /** In the server's words, where it has any. */
  reason: string;
  /** HTTP status of a refused handshake, else 0. */
  status: number;
  /** True when the server closed the WebSocket in order. */
  ended: boolean;
}

/** Of the private channel that {@link OpenChannel} was asked for. */
export interface Channel {
  /**
   * Takes the place of the token so far: on the channel itself, and in later joins. Where the token
   * was the `apikey` too, also in later handshakes.
   */
  setToken(token: string): void;
  /** Subscribes once more, after the server ended it. */
  reopen(): void;
  /** Leaves, and closes the WebSocket. It reports nothing from here on. */
  close(): void;
}

/**
 * Connects to Realtime and joins the channel, as often as it needs. Never throws; every failure
 * arrives by `onDown`.
 */
export type OpenChannel = (access: RealtimeAccess, events: ChannelEvents) => Channel;
