/** One WebSocket to the target. It queues what arrives, in order, until a case asks for it. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import WebSocket from "ws";
import { type Address, jsonOrText } from "./address.ts";
import { decodeFrame, type Frame, type Vsn } from "./frames.ts";
import { Mismatch, show } from "./pattern.ts";

/** The answer of a server that does not open the socket. */
export interface Refusal {
  status: number;
  body: unknown;
}

export interface Closed {
  code: number;
  reason: string;
}

type Arrived = { frame: Frame } | { closed: Closed };

export class Connection {
  readonly #socket: WebSocket;
  readonly vsn: Vsn;
  readonly #arrived: Arrived[] = [];
  #wake: () => void = () => undefined;
  #refs = 0;
  #sawClose = false;

  private constructor(socket: WebSocket, vsn: Vsn) {
    this.#socket = socket;
    this.vsn = vsn;
    socket.on("message", (data, isBinary) =>
      this.#add({
        frame: decodeFrame(
          Buffer.isBuffer(data) ? data : Buffer.concat(data as Buffer[]),
          isBinary,
        ),
      }),
    );
    socket.on("close", (code, reason) =>
      this.#add({ closed: { code, reason: reason.toString() } }),
    );
    // An error is followed by a close, which the case sees.
    socket.on("error", () => undefined);
  }

  /**
   * Opens a socket. Resolves to the refusal if the server answers with another status than 101.
   * @param query `apikey` and `vsn`
   */
  static async open(
    address: Address,
    query: Readonly<Record<string, string>>,
    vsn: Vsn,
    timeoutMs: number,
  ): Promise<Connection | Refusal> {
    const url = `${address.webSocketUrl}?${new URLSearchParams(query).toString()}`;
    const socket = new WebSocket(url, {
      headers: { host: address.host },
      perMessageDeflate: false,
      handshakeTimeout: timeoutMs,
    });
    const connection = new Connection(socket, vsn);
    return new Promise((resolve, reject) => {
      socket.once("open", () => resolve(connection));
      socket.once("error", reject);
      socket.once("unexpected-response", (_request, response: IncomingMessage) => {
        readBody(response)
          .then(
            (body) => resolve({ status: response.statusCode ?? 0, body: jsonOrText(body) }),
            reject,
          )
          .finally(() => socket.terminate());
      });
    });
  }

  /** True if the case has seen the close. */
  get sawClose(): boolean {
    return this.#sawClose;
  }

  /** A ref that is unique on this socket. */
  nextRef(): string {
    this.#refs += 1;
    return `m${this.#refs}`;
  }

  send(data: string | Uint8Array): void {
    this.#socket.send(data, { binary: typeof data !== "string" });
  }

  /**
   * Returns the next frame or the close.
   * @throws Mismatch if nothing arrives in time
   */
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
    if (arrived && "closed" in arrived) this.#sawClose = true;
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

/** The text of a mismatch. */
export function showArrived(arrived: Arrived): string {
  if ("closed" in arrived) {
    const { code, reason } = arrived.closed;
    return `the socket closed with ${code}${reason && ` ${show(reason)}`}`;
  }
  if ("text" in arrived.frame) return show(arrived.frame.text);
  return show(arrived.frame);
}

async function readBody(response: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return body;
}

export const showRefusal = ({ status, body }: Refusal): string => `${status} ${show(body)}`;
