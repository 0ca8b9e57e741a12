/** A proxy that changes what a server sends, to show that a check notices it. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { request } from "undici";
import WebSocket, { WebSocketServer } from "ws";

/** A frame as it crosses the proxy: text, or bytes. */
export type Crossing = string | Buffer;

export interface Tamper {
  /** Replaces one frame of the server. `seen`: the earlier frames of this socket. */
  frame?: (frame: Crossing, seen: Crossing[]) => readonly Crossing[];
  /** Replaces one frame of the client. */
  sent?: (frame: Crossing) => readonly Crossing[];
  http?: (answer: { status: number; body: string }) => { status: number; body: string };
}

export interface TamperingProxy {
  /** As realtime-js takes it. */
  url: string;
  stop(): Promise<void>;
}

const crossing = (data: WebSocket.RawData, isBinary: boolean): Crossing =>
  isBinary ? (data as Buffer) : (data as Buffer).toString();

export async function startTamperingProxy(port: number, tamper: Tamper): Promise<TamperingProxy> {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 0 });
  const server = createServer((incoming, outgoing) => {
    void forward(port, incoming).then((answer) => {
      const { status, body } = tamper.http?.(answer) ?? answer;
      outgoing.writeHead(status, answer.headers).end(body);
    });
  });
  server.on("upgrade", (incoming, socket, head) => {
    const upstream = new WebSocket(`ws://127.0.0.1:${port}${incoming.url ?? ""}`, {
      headers: { host: incoming.headers.host ?? "" },
      perMessageDeflate: false,
    });
    upstream.on("error", () => socket.destroy());
    upstream.on("unexpected-response", (_request, response) => {
      void text(response).then((body) => {
        const answer = tamper.http?.({ status: response.statusCode ?? 0, body }) ?? {
          status: response.statusCode ?? 0,
          body,
        };
        const length = Buffer.byteLength(answer.body);
        const head = `HTTP/1.1 ${answer.status} X\r\ncontent-length: ${length}\r\n\r\n`;
        socket.end(head + answer.body);
      });
    });
    upstream.on("open", () =>
      sockets.handleUpgrade(incoming, socket, head, (client) => relay(client, upstream, tamper)),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/socket`,
    async stop() {
      for (const client of sockets.clients) client.terminate();
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function relay(client: WebSocket, upstream: WebSocket, tamper: Tamper): void {
  const seen: Crossing[] = [];
  upstream.on("message", (data, isBinary) => {
    const frame = crossing(data, isBinary);
    for (const changed of tamper.frame?.(frame, seen) ?? [frame]) client.send(changed);
    seen.push(frame);
  });
  client.on("message", (data, isBinary) => {
    const frame = crossing(data, isBinary);
    for (const changed of tamper.sent?.(frame) ?? [frame]) upstream.send(changed);
  });
  client.on("close", () => upstream.terminate());
  upstream.on("close", (code) => (code === 1006 ? client.terminate() : client.close(code)));
}

async function forward(
  port: number,
  incoming: IncomingMessage,
): Promise<{ status: number; body: string; headers: Record<string, string> }> {
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).filter(
      ([name]) => !["connection", "transfer-encoding"].includes(name),
    ),
  );
  const answer = await request(`http://127.0.0.1:${port}${incoming.url ?? ""}`, {
    method: incoming.method as "GET",
    headers: headers as Record<string, string>,
    body: incoming.method === "GET" ? null : incoming,
  });
  const kept = Object.entries(answer.headers).filter(
    ([name]) => name.startsWith("x-") || name === "content-type",
  );
  return {
    status: answer.statusCode,
    body: await answer.body.text(),
    headers: Object.fromEntries(kept) as Record<string, string>,
  };
}

async function text(response: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return body;
}
