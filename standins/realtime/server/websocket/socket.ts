import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { RawData, WebSocket } from "ws";
import type { Tenant } from "../tenant.ts";
import type { Channel } from "./channel.ts";
import { decodeFrame, encodeMessage } from "./frame-codec.ts";
import type { ClientMessage, Frame, Ref, ServerMessage, Vsn } from "./frame-codec.ts";
import { joinChannel, type JoiningSocket } from "./join.ts";

export interface SocketSettings {
  channelErrorBackoffMs: number;
  /** A client with more unread bytes is cut. */
  maxBufferBytes: number;
  log: Logger;
}

/** Close codes of RFC 6455 that the server uses. */
const NORMAL = 1000;
const GOING_AWAY = 1001;
const SERVICE_RESTART = 1012;

/**
 * One client. While the server checks a join, and during the back-off of a refused join, this
 * socket receives and sends nothing else: on the real server a socket is one process.
 */
export class RealtimeSocket implements JoiningSocket {
  readonly vsn: Vsn;
  readonly tenant: Tenant;
  readonly token: string;
  lastFrameMs = performance.now();
  readonly #channels = new Map<string, Channel>();
  readonly #ws: WebSocket;
  readonly #settings: SocketSettings;
  readonly #inbox: Frame[] = [];
  readonly #held: { data: Buffer | string; binary: boolean }[] = [];
  #heldBytes = 0;
  #blocked = false;

  constructor(
    ws: WebSocket,
    connection: { tenant: Tenant; vsn: Vsn; token: string },
    settings: SocketSettings,
  ) {
    this.vsn = connection.vsn;
    this.tenant = connection.tenant;
    this.token = connection.token;
    this.#ws = ws;
    this.#settings = settings;
    this.tenant.sockets.add(this);
    ws.on("message", (data, binary) => this.#receive(data, binary));
    ws.on("ping", () => this.#touch());
    ws.on("pong", () => this.#touch());
    // ws closes the connection itself on oversize and broken frames.
    ws.on("error", (error) => this.#settings.log.debug({ err: error }, "a socket failed"));
    ws.on("close", () => this.#forget());
  }

  get channelCount(): number {
    return this.#channels.size;
  }

  get #isClosed(): boolean {
    return !this.tenant.sockets.has(this);
  }

  get isAbandoned(): boolean {
    return this.#channels.size === 0 && this.tenant.users.has(this);
  }

  push(message: ServerMessage): void {
    this.write(encodeMessage(this.vsn, message), false);
  }

  write(data: Buffer | string, binary: boolean): void {
    if (this.#isClosed) return;
    if (this.#blocked) {
      this.#held.push({ data, binary });
      this.#heldBytes += data.length;
    } else this.#ws.send(data, { binary });
    // The real server limits the heap of a socket's process to 50 MB instead.
    if (this.#ws.bufferedAmount + this.#heldBytes <= this.#settings.maxBufferBytes) return;
    this.#settings.log.warn("cut a client that does not read");
    this.terminate();
  }

  drop(channel: Channel): void {
    if (this.#channels.get(channel.topic) === channel) this.#channels.delete(channel.topic);
  }

  disconnect(): void {
    const payload = { extension: "system", status: "ok", message: "Server requested disconnect" };
    for (const topic of this.#channels.keys())
      this.push({ joinRef: null, ref: null, topic, event: "system", payload });
    this.#close(SERVICE_RESTART);
  }

  closeIdle(): void {
    this.#close(NORMAL);
  }

  terminate(): void {
    this.#forget();
    this.#ws.terminate();
  }

  #close(code: number): void {
    // Send what a pending join has held back.
    this.#release();
    this.#forget();
    this.#ws.close(code);
  }

  #forget(): void {
    this.tenant.sockets.delete(this);
    this.tenant.users.delete(this);
    for (const channel of this.#channels.values()) channel.stop();
    this.#channels.clear();
    this.#inbox.length = 0;
    this.#held.length = 0;
  }

  #touch(): void {
    this.lastFrameMs = performance.now();
  }

  #receive(raw: RawData, binary: boolean): void {
    this.#touch();
    // ws passes a Buffer by default (`nodebuffer`).
    const data = raw as Buffer;
    if (this.#blocked) this.#inbox.push({ data, binary });
    else this.#handle(data, binary);
  }

  #handle(data: Buffer, binary: boolean): void {
    if (this.#isClosed) return;
    const message = decodeFrame(this.vsn, data, binary);
    if (message === undefined) {
      this.#settings.log.debug({ bytes: data.length, binary }, "ignored a malformed frame");
      return;
    }
    try {
      const pending = this.#dispatch(message);
      if (pending !== undefined) void this.#block(pending);
    } catch (error) {
      this.#settings.log.error({ err: error, event: message.event }, "a message failed");
    }
  }

  /** ws still emits frames that it has read: they wait in the inbox, the rest in the kernel. */
  async #block(pending: Promise<void>): Promise<void> {
    this.#blocked = true;
    this.#ws.pause();
    try {
      await pending;
    } catch (error) {
      this.#settings.log.error({ err: error }, "a message failed");
    }
    this.#release();
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      this.#handle(next.data, next.binary);
      // The message has blocked the socket again: its own #block continues with the inbox.
      if (this.#isBlocked()) return;
    }
  }

  #isBlocked(): boolean {
    return this.#blocked;
  }

  #release(): void {
    this.#blocked = false;
    this.#heldBytes = 0;
    for (const { data, binary } of this.#held.splice(0)) this.#ws.send(data, { binary });
    this.#ws.resume();
  }

  #dispatch(message: ClientMessage): Promise<void> | undefined {
    const { topic, event, joinRef, ref } = message;
    if (topic === "phoenix" && event === "heartbeat") {
      this.#reply(null, ref, topic, "ok", {});
      return undefined;
    }
    const channel = this.#channels.get(topic);
    if (event === "phx_join" && topic.startsWith("realtime:")) {
      channel?.end();
      return this.#join(message);
    }
    if (channel === undefined) {
      if (event === "phx_leave") this.#reply(joinRef, ref, topic, "ok", {});
      else this.#reply(null, ref, topic, "error", { reason: "unmatched topic" });
      return undefined;
    }
    // A message of an earlier join is dropped; one without a join_ref is accepted.
    if (joinRef !== null && joinRef !== "" && joinRef !== channel.joinRef) return undefined;
    if (event === "phx_leave") {
      this.#reply(channel.joinRef, ref, topic, "ok", {});
      channel.end();
      return undefined;
    }
    return channel.receive(message);
  }

  async #join(message: ClientMessage): Promise<void> {
    const { joinRef, ref, topic } = message;
    const result = await joinChannel(this, message);
    if (!result.ok) {
      await sleep(this.#settings.channelErrorBackoffMs, undefined, { ref: false });
      this.#unblocked(() => this.#reply(joinRef, ref, topic, "error", { reason: result.reason }));
      if (result.disconnect === true) this.#close(GOING_AWAY);
      return;
    }
    // The client may have disconnected while the server checked its token.
    if (this.#isClosed) return;
    this.tenant.users.add(this);
    this.#channels.set(topic, result.channel);
    result.channel.open();
    this.#unblocked(() => this.#reply(joinRef, ref, topic, "ok", { postgres_changes: [] }));
  }

  /** Sends the reply to a join before the frames that were held back. */
  #unblocked(send: () => void): void {
    const held = this.#held.splice(0);
    send();
    this.#held.push(...held);
  }

  #reply(joinRef: Ref, ref: Ref, topic: string, status: "ok" | "error", response: unknown): void {
    this.push({ joinRef, ref, topic, event: "phx_reply", payload: { status, response } });
  }
}
