/** Serves one page and its server-sent events to this host, under a path that cannot be guessed. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface LiveServer {
  /** `http://127.0.0.1:41234/3f.../`. */
  url: string;
  /** Path of the server-sent events. */
  feed: string;
  /** To every open page. @param data is sent as JSON */
  send(event: "live" | "page" | "end", data: unknown): void;
  /** Gives pages a moment to load what was sent last. */
  close(): Promise<void>;
}

export interface ServedPage {
  markup: string;
  /** Of the header; the page has its own as well. */
  policy: string;
}

const HOST = "127.0.0.1";
/** Pages load the last version within this time, or not at all. */
const LAST_LOOK_MS = 1_000;
const PING_MS = 10_000;
const MOST_UNREAD_BYTES = 4_194_304;

/** @param page what to answer, asked at each request */
export async function startLiveServer(page: () => ServedPage): Promise<LiveServer> {
  const path = `/${randomBytes(16).toString("hex")}/`;
  const feed = `${path}feed`;
  const streams = new Set<ServerResponse>();
  let own = "";
  const server = createServer((request, response) => {
    // A page of another site that resolves its name to this host is refused by its name.
    if (request.headers.host !== own || !isRead(request)) response.writeHead(404, HEADERS).end();
    else if (request.url === feed) open(response);
    else if (request.url === path) show(page(), request, response);
    else response.writeHead(404, HEADERS).end();
  });
  const open = (response: ServerResponse): void => {
    response.writeHead(200, { "content-type": "text/event-stream", ...HEADERS });
    response.write("retry: 1000\n\n");
    streams.add(response);
    response.once("close", () => streams.delete(response));
  };
  const write = (text: string): void => {
    for (const stream of streams)
      // A page that does not read must not fill the memory of the command.
      if (stream.writableLength > MOST_UNREAD_BYTES) stream.destroy();
      else stream.write(text);
  };
  // A page that is left open must not keep the command alive.
  const ping = setInterval(() => write(":\n\n"), PING_MS).unref();
  server.listen(0, HOST);
  await once(server, "listening");
  own = `${HOST}:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${own}${path}`,
    feed,
    send: (event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    close: async () => {
      clearInterval(ping);
      if (streams.size > 0) await sleep(LAST_LOOK_MS);
      server.close();
      server.closeAllConnections();
    },
  };
}

const HEADERS = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

const isRead = ({ method }: IncomingMessage): boolean => method === "GET" || method === "HEAD";

const show = (
  { markup, policy }: ServedPage,
  { method }: IncomingMessage,
  response: ServerResponse,
): void => {
  response.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": `${policy}; frame-ancestors 'none'`,
    ...HEADERS,
  });
  response.end(method === "HEAD" ? undefined : markup);
};
