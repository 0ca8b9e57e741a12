import { Broadcast, wireTopic, type Subscriber } from "../hub.ts";
import { isObject } from "../json-object.ts";
import { mayAccess } from "../policy.ts";
import type { Tenant } from "../tenant.ts";
import { expiredText, nowSeconds, type Claims } from "../tokens.ts";
import type { ClientMessage, Ref, ServerMessage, Vsn } from "./frame-codec.ts";

/** The operations that a channel needs of its socket. */
export interface ChannelSocket {
  readonly vsn: Vsn;
  readonly tenant: Tenant;
  push(message: ServerMessage): void;
  write(data: Buffer | string, binary: boolean): void;
  /** Called when the channel ends itself. */
  drop(channel: Channel): void;
}

export interface ChannelSettings {
  subTopic: string;
  joinRef: Ref;
  isPrivate: boolean;
  /** Each broadcast sent gets a reply. */
  ack: boolean;
  /** The sender receives its own broadcasts. */
  self: boolean;
  token: string;
  claims: Claims;
}

/** Longest time between two checks of the token's expiry. */
const CONFIRM_TOKEN_MS = 300_000;
export const noReadPermission = (subTopic: string): string =>
  `You do not have permissions to read from this Channel topic: ${subTopic}`;

/**
 * One joined topic of one socket. Source: supabase/realtime `realtime_channel.ex`,
 * `broadcast_handler.ex`.
 */
export class Channel implements Subscriber {
  readonly topic: string;
  readonly joinRef: Ref;
  readonly #socket: ChannelSocket;
  readonly #settings: ChannelSettings;
  #token: string;
  #claims: Claims;
  /** The policy's answer at the first broadcast sent; a new token resets it. */
  #mayWrite: boolean | undefined;
  #tokenTimer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(socket: ChannelSocket, settings: ChannelSettings) {
    this.topic = wireTopic(settings.subTopic);
    this.joinRef = settings.joinRef;
    this.#socket = socket;
    this.#settings = settings;
    this.#token = settings.token;
    this.#claims = settings.claims;
  }

  open(): void {
    const { subTopic, isPrivate } = this.#settings;
    this.#socket.tenant.hub.subscribe(subTopic, isPrivate, this);
    this.#watchToken();
  }

  /** Stops without a message to the client. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#tokenTimer);
    const { subTopic, isPrivate } = this.#settings;
    this.#socket.tenant.hub.unsubscribe(subTopic, isPrivate, this);
  }

  /** Ends the channel with a `phx_close`. */
  end(): void {
    this.stop();
    this.#socket.drop(this);
    this.#push("phx_close", this.joinRef, {});
  }

  deliver(broadcast: Broadcast): void {
    const { events } = this.#socket.tenant;
    const frame = broadcast.frame(this.#socket.vsn);
    this.#socket.write(frame.data, frame.binary);
    events.count();
    if (events.triggered) this.#fail("Too many messages per second");
  }

  /** @returns a promise while the channel cannot take the next message */
  receive(message: ClientMessage): Promise<void> | undefined {
    if (message.event === "broadcast") {
      this.#broadcast(message);
      return undefined;
    }
    if (message.event === "access_token" && isObject(message.payload)) {
      const token = message.payload["access_token"];
      if (token === null || token === this.#token) return undefined;
      if (typeof token === "string") return this.#replaceToken(token);
    }
    this.#socket.tenant.events.count();
    return undefined;
  }

  #broadcast({ ref, payload, userBroadcast }: ClientMessage): void {
    const { tenant } = this.#socket;
    const { subTopic, isPrivate, self, ack } = this.#settings;
    if (isPrivate) {
      this.#mayWrite ??= mayAccess(this.#claims, subTopic, "write");
      // No reply, even with ack: the client's push times out.
      if (!this.#mayWrite) return;
    }
    tenant.events.count();
    const json = userBroadcast === undefined ? JSON.stringify(payload) : "";
    if (tenant.isOversize(userBroadcast?.payload.length ?? Buffer.byteLength(json))) {
      if (ack) this.#reply(ref, "error", "payload_size_exceeded");
      return;
    }
    const broadcast =
      userBroadcast === undefined
        ? Broadcast.text(subTopic, json)
        : Broadcast.user(subTopic, userBroadcast);
    tenant.hub.publish(subTopic, isPrivate, broadcast, self ? undefined : this);
    if (ack) this.#reply(ref, "ok", {});
  }

  #reply(ref: Ref, status: "ok" | "error", response: unknown): void {
    this.#push("phx_reply", ref, { status, response });
  }

  #push(event: string, ref: Ref, payload: unknown): void {
    this.#socket.push({ joinRef: this.joinRef, ref, topic: this.topic, event, payload });
  }

  async #replaceToken(token: string): Promise<void> {
    this.#token = token;
    this.#mayWrite = undefined;
    const check = await this.#socket.tenant.verifier.check(token);
    // A delivery over the limit may have ended the channel in the meantime.
    if (this.#stopped) return;
    const { isPrivate, subTopic } = this.#settings;
    if (!check.ok) this.#fail(check.problem.system);
    else if (isPrivate && !mayAccess(check.claims, subTopic, "read"))
      this.#fail(noReadPermission(subTopic));
    else {
      this.#claims = check.claims;
      this.#watchToken();
    }
  }

  #watchToken(): void {
    clearTimeout(this.#tokenTimer);
    const leftMs = (this.#claims.exp - nowSeconds()) * 1000;
    this.#tokenTimer = setTimeout(
      () => {
        const late = nowSeconds() - this.#claims.exp;
        if (late >= 0) this.#fail(expiredText(late));
        else this.#watchToken();
      },
      Math.min(CONFIRM_TOKEN_MS, Math.max(0, leftMs)),
    ).unref();
  }

  #fail(message: string): void {
    const { subTopic: channel } = this.#settings;
    this.#push("system", null, { extension: "system", status: "error", message, channel });
    this.end();
  }
}
