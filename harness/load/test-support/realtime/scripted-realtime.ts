import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { nowMs } from "../../../../common/clock.ts";

/** A message of vsn 2.0.0 as it is on the wire: join_ref, ref, topic, event, payload. */
export type WireMessage = [string | null, string | null, string, string, unknown];

export interface Seen {
  event: string;
  payload: unknown;
  joinRef: string | null;
  /** Counts the sockets from 1. */
  socket: number;
  atMs: number;
}

/**
 * Speaks vsn 2.0.0 and does what its script says, where the stand-in cannot be made to misbehave.
 * Without a script it confirms whatever it is asked for.
 */
export class ScriptedRealtime {
  readonly seen: Seen[] = [];
  /** Returns true when it has dealt with a message itself. */
  onMessage: (message: WireMessage, socket: WebSocket, count: number) => boolean = () => false;
  /** Status and body of a refused handshake; `undefined` lets it through. */
  refuse: (count: number) => { status: number; body: string } | undefined = () => undefined;
  onHandshake: (url: string, host: string | undefined) => void = () => {};
  sockets = 0;
  #handshakes = 0;
  readonly #counts = new Map<string, number>();
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #server: Server = createServer();

  static async start(): Promise<ScriptedRealtime> {
    const scripted = new ScriptedRealtime();
    scripted.#server.on("upgrade", (request, socket, head) => {
      scripted.onHandshake(request.url ?? "", request.headers.host);
      const refusal = scripted.refuse(++scripted.#handshakes);
      if (refusal === undefined) {
        scripted.#sockets.handleUpgrade(request, socket, head, (ws) => scripted.#onSocket(ws));
        return;
      }
      const { status, body } = refusal;
      socket.end(
        `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
    });
    scripted.#server.listen(0, "127.0.0.1");
    await once(scripted.#server, "listening");
    return scripted;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get open(): readonly WebSocket[] {
    return [...this.#sockets.clients];
  }

  events(name: string): Seen[] {
    return this.seen.filter((one) => one.event === name);
  }

  /** Sends to every open socket. */
  push(message: WireMessage): void {
    for (const socket of this.open) socket.send(JSON.stringify(message));
  }

  async stop(): Promise<void> {
    for (const socket of this.open) socket.terminate();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #onSocket(ws: WebSocket): void {
    const socket = ++this.sockets;
    ws.on("message", (data) => {
      const message = JSON.parse((data as Buffer).toString()) as WireMessage;
      const [joinRef, ref, topic, event, payload] = message;
      this.seen.push({ event, payload, joinRef, socket, atMs: nowMs() });
      const count = (this.#counts.get(event) ?? 0) + 1;
      this.#counts.set(event, count);
      if (this.onMessage(message, ws, count) || event === "access_token") return;
      reply(ws, message, "ok", {});
      if (event === "phx_leave")
        ws.send(JSON.stringify([joinRef, joinRef, topic, "phx_close", {}]));
      else if (ref === null) throw new Error(`${event} has no ref`);
    });
  }
}

export const reply = (
  ws: WebSocket,
  message: WireMessage,
  status: string,
  response: object,
): void => {
  const [joinRef, ref, topic] = message;
  ws.send(JSON.stringify([joinRef, ref, topic, "phx_reply", { status, response }]));
};
