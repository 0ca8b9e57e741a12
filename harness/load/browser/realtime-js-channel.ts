import {
  REALTIME_SUBSCRIBE_STATES as STATES,
  RealtimeClient,
  type RealtimeChannel,
  type RealtimeClientOptions,
} from "@supabase/realtime-js";
import type { RealtimeAccess } from "../../../server/src/contract/events.ts";
import type {
  Channel,
  ChannelDown,
  ChannelEvents,
  OpenChannel,
} from "../portable/realtime/channel.ts";

/** `transport`: a WebSocket class, where the platform has none (Node before 22). */
export type RealtimeJsOptions = Pick<
  RealtimeClientOptions,
  "transport" | "vsn" | "heartbeatIntervalMs" | "timeout"
>;

/** Opens channels with Supabase's official client. */
export const openRealtimeJsChannel =
  (options: RealtimeJsOptions = {}): OpenChannel =>
  (access, events) =>
    new RealtimeJsChannel(access, events, options);

class RealtimeJsChannel implements Channel {
  readonly #client: RealtimeClient;
  /** Read again for every handshake. */
  readonly #params: { apikey: string };
  readonly #tokenIsApikey: boolean;
  readonly #topic: string;
  readonly #events: ChannelEvents;
  #channel: RealtimeChannel | undefined;

  constructor(access: RealtimeAccess, events: ChannelEvents, options: RealtimeJsOptions) {
    this.#params = { apikey: access.apikey };
    this.#tokenIsApikey = access.apikey === access.token;
    this.#client = new RealtimeClient(access.url, { ...options, params: this.#params });
    this.#topic = access.topic;
    this.#events = events;
    this.setToken(access.token);
    this.reopen();
  }

  setToken(token: string): void {
    if (this.#tokenIsApikey) this.#params.apikey = token;
    void this.#client.setAuth(token);
  }

  /**
   * A channel of realtime-js that was closed cannot be joined again, so each time is another one.
   */
  reopen(): void {
    const events = this.#events;
    const channel = this.#client.channel(this.#topic, {
      config: { private: true, broadcast: { ack: false, self: false } },
    });
    this.#channel = channel;
    channel
      .on("broadcast", { event: "*" }, (message) => events.onBroadcast(message))
      .on("system", {}, (message: unknown) => events.onSystem(message))
      .subscribe((status, error) => {
        if (channel !== this.#channel) return;
        if (status === STATES.SUBSCRIBED) events.onSubscribed();
        else if (status === STATES.CLOSED) events.onClosed();
        else events.onDown(describeError(status, error));
      });
  }

  close(): void {
    this.#channel = undefined;
    void this.#client.removeAllChannels();
  }
}

/**
 * A browser tells nothing of a refused handshake; the `ws` package says its status in the error's
 * message.
 */
const describeError = (status: string, error: Error | undefined): ChannelDown => {
  const { code, message } = (error?.cause ?? {}) as { code?: unknown; message?: unknown };
  const reason = typeof message === "string" ? message : (error?.message ?? status);
  const refused = /^Unexpected server response: (\d+)/.exec(reason)?.[1];
  return { reason, status: Number(refused ?? 0), ended: typeof code === "number" && code !== 1006 };
};
