import { Broadcast, wireTopic } from "./broadcast.ts";
import type { ClientMessage, Ref, ServerMessage, UserBroadcast, Vsn } from "./frame-codec.ts";
import type { Subscriber } from "./hub.ts";
import { isObject } from "./json-object.ts";
import type { ChannelPolicy } from "./policy.ts";
import type { Tenant } from "./tenant.ts";
import {
  expiredText,
  INVALID_JWT,
  MISSING_CLAIMS,
  nowSeconds,
  type Claims,
  type TokenProblem,
} from "./tokens.ts";

/** The socket, as a channel sees it. */
export interface ChannelSocket {
  readonly vsn: Vsn;
  readonly tenant: Tenant;
  push(message: ServerMessage): void;
  write(data: Buffer | string, binary: boolean): void;
  /** The channel has ended by itself. */
  drop(channel: Channel): void;
}

export interface ChannelSettings {
  subTopic: string;
  joinRef: Ref;
  isPrivate: boolean;
  /** A reply for each broadcast sent. */
  ack: boolean;
  /** Its own broadcasts come back. */
  self: boolean;
  token: string;
  claims: Claims;
}

/** The token is looked at again at least this often. */
const CONFIRM_TOKEN_MS = 300_000;
export const noReadPermission = (subTopic: string): string =>
  `You do not have permissions to read from this Channel topic: ${subTopic}`;

/** One joined topic of one socket. Source: supabase/realtime `realtime_channel.ex`, `broadcast_handler.ex`. */
export class Channel implements Subscriber {
  readonly topic: string;
  readonly joinRef: Ref;
  readonly #socket: ChannelSocket;
  readonly #settings: ChannelSettings;
  readonly #policy: ChannelPolicy;
  #token: string;
  #claims: Claims;
  /** Asked of the policy at the first broadcast sent, and kept until another token comes. */
  #mayWrite: boolean | undefined;
  #tokenTimer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(socket: ChannelSocket, settings: ChannelSettings, policy: ChannelPolicy) {
    this.topic = wireTopic(settings.subTopic);
    this.joinRef = settings.joinRef;
    this.#socket = socket;
    this.#settings = settings;
    this.#policy = policy;
    this.#token = settings.token;
    this.#claims = settings.claims;
  }

  open(): void {
    const { subTopic, isPrivate } = this.#settings;
    this.#socket.tenant.hub.subscribe(subTopic, isPrivate, this);
    this.#watchToken();
  }

  /** Stops without a word to the client. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#tokenTimer);
    const { subTopic, isPrivate } = this.#settings;
    this.#socket.tenant.hub.unsubscribe(subTopic, isPrivate, this);
  }

  /** Ends the channel: `phx_close` in good order, `phx_error` when it crashed. */
  end(event: "phx_close" | "phx_error"): void {
    this.stop();
    this.#socket.drop(this);
    this.#socket.push({
      joinRef: this.joinRef,
      ref: this.joinRef,
      topic: this.topic,
      event,
      payload: {},
    });
  }

  deliver(broadcast: Broadcast): void {
    const { events } = this.#socket.tenant;
    const frame = broadcast.frame(this.#socket.vsn);
    if (frame !== undefined) this.#socket.write(frame.data, frame.binary);
    events.count();
    if (events.triggered) this.#fail("Too many messages per second");
  }

  /** @returns a promise while the channel cannot take the next message */
  receive(message: ClientMessage): Promise<void> | undefined {
    // Not the binary frame that Phoenix has for every event: no client of Realtime sends one.
    if (message.event === "broadcast" && !Buffer.isBuffer(message.payload)) this.#broadcast(message);
    else if (message.event === "access_token" && isObject(message.payload)) {
      const token = message.payload["access_token"];
      // The short `sb_` keys are a gateway's business.
      if (token === null || token === this.#token || (typeof token === "string" && token.startsWith("sb_")))
        return undefined;
      if (typeof token === "string") return this.#replaceToken(token);
      this.#socket.tenant.events.count();
    } else this.#socket.tenant.events.count();
    return undefined;
  }

  #broadcast(message: ClientMessage): void {
    const { tenant } = this.#socket;
    const { subTopic, isPrivate, self, ack } = this.#settings;
    if (isPrivate) {
      this.#mayWrite ??= this.#policy(this.#claims, subTopic, "write");
      // No reply either, also with ack: the client's push times out.
      if (!this.#mayWrite) return;
    }
    tenant.events.count();
    const { userBroadcast } = message;
    const json = userBroadcast === undefined ? JSON.stringify(message.payload) : "";
    if (tenant.isOversize(userBroadcast?.payload.length ?? Buffer.byteLength(json))) {
      if (ack) this.#reply(message.ref, "error", "payload_size_exceeded");
      return;
    }
    try {
      const broadcast = broadcastOf(subTopic, message.payload, userBroadcast, json);
      tenant.hub.publish(subTopic, isPrivate, broadcast, self ? undefined : this);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // What cannot be encoded for a subscriber ends the sender's process, on the real server.
      this.end("phx_error");
      return;
    }
    if (ack) this.#reply(message.ref, "ok", {});
  }

  #reply(ref: Ref, status: "ok" | "error", response: unknown): void {
    this.#socket.push({
      joinRef: this.joinRef,
      ref,
      topic: this.topic,
      event: "phx_reply",
      payload: { status, response },
    });
  }

  async #replaceToken(token: string): Promise<void> {
    this.#token = token;
    this.#mayWrite = undefined;
    const check = await this.#socket.tenant.verifier.check(token);
    // A delivery over the limit may have ended it meanwhile.
    if (this.#stopped) return;
    const { isPrivate, subTopic } = this.#settings;
    if (!check.ok) this.#fail(problemText(check.problem));
    else if (isPrivate && !this.#policy(check.claims, subTopic, "read"))
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
    this.#socket.push({
      joinRef: this.joinRef,
      ref: null,
      topic: this.topic,
      event: "system",
      payload: { extension: "system", status: "error", message, channel: this.#settings.subTopic },
    });
    this.end("phx_close");
  }
}

/** @throws RangeError on a payload that is no JSON object, once a subscriber would get it */
function broadcastOf(
  subTopic: string,
  payload: unknown,
  userBroadcast: UserBroadcast | undefined,
  json: string,
): Broadcast {
  if (userBroadcast !== undefined) return Broadcast.user(subTopic, userBroadcast);
  return isObject(payload) ? Broadcast.text(subTopic, json) : Broadcast.impossible();
}

/** The words of a channel's end; two of them are Elixir atoms as they are printed. */
function problemText(problem: TokenProblem): string {
  switch (problem.kind) {
    case "malformed":
      return INVALID_JWT;
    case "expired":
      return expiredText(problem.secondsAgo);
    case "claims":
      return MISSING_CLAIMS;
    case "signature":
      return ":signature_error";
    case "signer":
      return ":error_generating_signer";
    case "other":
      return ":invalid_token";
  }
}
