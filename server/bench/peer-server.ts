/**
 * A peer of the server bench: the least code that streams numbered events to each client, written
 * as the documentation of its library has it. `GET /?rate=10` opens a stream with that many events
 * per second. Argument: which peer. Prints its port, and ends with its stdin.
 */
import { createServer as createHttpServer, type ServerResponse } from "node:http";
import { createServer as createSocketServer, type AddressInfo, type Server } from "node:net";
import { createSession } from "better-sse";
import express from "express";
import { nowMs } from "../../common/clock.ts";
import type { PipelineSSEEvent } from "../src/contract/events.ts";

const PAYLOAD_BYTES = 50;
const HEAD = { "content-type": "text/event-stream", "cache-control": "no-store" };
const payload = { text: "x".repeat(PAYLOAD_BYTES) };

/** Calls `send` with a new event `rate` times a second, until the function that it returns runs. */
const publish = (rate: number, send: (event: PipelineSSEEvent) => void): (() => void) => {
  const originMs = nowMs();
  let seq = 0;
  let timer: NodeJS.Timeout;
  const dueMs = (number: number): number => originMs + (number * 1000) / rate;
  const tick = (): void => {
    for (; dueMs(seq + 1) <= nowMs(); seq += 1) {
      send({
        type: "section_draft",
        sessionId: "00000000-0000-4000-8000-000000000000",
        epoch: "e1",
        seq: seq + 1,
        total: 1_000_000,
        instance: "server-1",
        intendedMs: dueMs(seq + 1),
        publishedMs: nowMs(),
        payload,
      });
    }
    timer = setTimeout(tick, Math.max(0, Math.ceil(dueMs(seq + 1) - nowMs())));
  };
  tick();
  return () => clearTimeout(timer);
};

const frameOf = (event: PipelineSSEEvent): string =>
  `id: ${event.epoch}-${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

const rateOf = (url: string | undefined): number =>
  Number(new URL(url ?? "/", "http://localhost").searchParams.get("rate"));

/** Streams over a response of Node.js, which Express passes on. */
const stream = (url: string | undefined, response: ServerResponse): void => {
  response.writeHead(200, HEAD);
  response.flushHeaders();
  response.once(
    "close",
    publish(rateOf(url), (event) => response.write(frameOf(event))),
  );
};

const PEERS: Record<string, () => Server> = {
  /** The floor: no HTTP library, chunks by hand. */
  "bare socket": () =>
    createSocketServer({ noDelay: true }, (socket) => {
      socket.on("error", () => socket.destroy());
      socket.once("data", (bytes) => {
        const url = bytes.toString("latin1").split(" ")[1];
        socket.write(
          "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n" +
            "transfer-encoding: chunked\r\n\r\n",
        );
        const stop = publish(rateOf(url), (event) => {
          const frame = frameOf(event);
          socket.write(`${Buffer.byteLength(frame).toString(16)}\r\n${frame}\r\n`);
        });
        socket.once("close", stop);
      });
    }),
  "node:http": () => createHttpServer((request, response) => stream(request.url, response)),
  express: () =>
    createHttpServer(
      express().get("/", (request, response) => stream(request.originalUrl, response)),
    ),
  "better-sse": () =>
    createHttpServer(
      express().get("/", async (request, response) => {
        const session = await createSession(request, response);
        const stop = publish(rateOf(request.originalUrl), (event) =>
          session.push(event, event.type, `${event.epoch}-${event.seq}`),
        );
        session.once("disconnected", stop);
      }),
    ),
};

const create = PEERS[process.argv[2] ?? ""];
if (create === undefined)
  throw new Error(`give one of these peers: ${Object.keys(PEERS).join(", ")}`);
const server = create();
process.stdin.resume().on("close", () => process.exit(1));
server.listen(0, "127.0.0.1", 4096, () => console.log((server.address() as AddressInfo).port));
