/** One WebSocket to the target: keeps what comes in order, until a case asks for it. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import WebSocket from "ws";
import { type Address, jsonOrText } from "./address.ts";
import { decodeFrame, type Frame, type Vsn } from "./frames.ts";
import { Mismatch, show } from "./mismatch.ts";

export interface Handshake {
  /** `apikey` and `vsn`, and nothing else where a case says so. */
  query: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  offerDeflate?: boolean;
}

/** How the server answered instead of opening the socket. */
export interface Refusal {
  status: number;
  body: unknown;
}

export interface Closed {
  code: number;
  reason: string;
}

type Arrived = { frame: Frame } | { closed: Closed } | { pong: true };

export class Connection {
  readonly #socket: WebSocket;
  readonly vsn: Vsn;
  readonly #arrived: Arrived[] = [];
  #wake: () => void = () => undefined;
  #refs = 0;
  #toldClosed = false;

  private constructor(socket: WebSocket, vsn: Vsn) {
    this.#socket = socket;
    this.vsn = vsn;
    socket.on("message", (data, isBinary) =>
      this.#add({
        frame: decodeFrame(Buffer.isBuffer(data) ? data : Buffer.concat(data as Buffer[]), isBinary),
      }),
    );
    socket.on("pong", () => this.#add({ pong: true }));
    socket.on("close", (code, reason) => this.#add({ closed: { code, reason: reason.toString() } }));
    // What follows an error is a close, which a case gets to see.
    socket.on("error", () => undefined);
  }

  /** Opens a socket. Resolves to the refusal where the server answers with another status than 101. */
  static async open(
    address: Address,
    handshake: Handshake,
    vsn: Vsn,
    timeoutMs: number,
  ): Promise<Connection | Refusal> {
    const socket = new WebSocket(
      `${address.webSocketUrl}?${new URLSearchParams(handshake.query).toString()}`,
      {
        headers: { host: address.host, ...handshake.headers },
        perMessageDeflate: handshake.offerDeflate ?? false,
        handshakeTimeout: timeoutMs,
      },
    );
    const connection = new Connection(socket, vsn);
    return new Promise((resolve, reject) => {
      socket.once("open", () => resolve(connection));
      socket.once("error", reject);
      socket.once("unexpected-response", (_request, response: IncomingMessage) => {
        readBody(response)
          .then((body) => resolve({ status: response.statusCode ?? 0, body: jsonOrText(body) }), reject)
          .finally(() => socket.terminate());
      });
    });
  }

  /** `sec-websocket-extensions` that the server agreed to. */
  get extensions(): string {
    return this.#socket.extensions;
  }

  /** The case has seen that it was closed. */
  get toldClosed(): boolean {
    return this.#toldClosed;
  }

  /** A ref that no other message of this socket has. */
  nextRef(): string {
    this.#refs += 1;
    return `m${this.#refs}`;
  }

  send(data: string | Uint8Array): void {
    this.#socket.send(data, { binary: typeof data !== "string" });
  }

  ping(): void {
    this.#socket.ping();
  }

  /** The next frame, or `undefined` where the socket was closed instead. Throws a mismatch when nothing comes in time. */
  async next(expected: string, withinMs: number): Promise<Arrived> {
    if (this.#arrived.length === 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, withinMs);
      });
      clearTimeout(timer);
    }
    const arrived = this.#arrived.shift();
    if (arrived && "closed" in arrived) this.#toldClosed = true;
    if (!arrived) throw new Mismatch(expected, `nothing within ${withinMs / 1000} s`);
    return arrived;
  }

  async end(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.#socket, "close");
    this.#socket.terminate();
    await closed;
  }

  #add(arrived: Arrived): void {
    this.#arrived.push(arrived);
    this.#wake();
  }
}

/** What a mismatch shows of it. */
export function showArrived(arrived: Arrived): string {
  if ("closed" in arrived)
    return `the socket closed with ${arrived.closed.code}${arrived.closed.reason && ` ${show(arrived.closed.reason)}`}`;
  if ("pong" in arrived) return "a pong";
  if ("text" in arrived.frame) return show(arrived.frame.text);
  return show(arrived.frame);
}

async function readBody(response: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return body;
}
