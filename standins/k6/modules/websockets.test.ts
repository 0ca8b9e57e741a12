import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { runDouble, type DoubleResult } from "../run-double.ts";

/** By path of the request: what the server does with the socket. */
const ENDS: Record<string, (ws: WebSocket, socket: Socket) => void> = {
  "/1000": (ws) => ws.close(1000),
  "/1001": (ws) => ws.close(1001, "bye"),
  "/1008": (ws) => ws.close(1008, "no"),
  "/1012": (ws) => ws.close(1012, "bye"),
  "/1013": (ws) => ws.close(1013),
  "/4000": (ws) => ws.close(4000, "over"),
  "/1005": (ws) => ws.close(),
  "/cut": (_ws, socket) => socket.end(),
  "/reset": (ws, socket) => {
    // Not before the client has read the handshake.
    ws.once("pong", () => socket.resetAndDestroy());
    ws.ping();
  },
  // Never answers a close frame: it reads nothing.
  "/deaf": (_ws, socket) => void socket.pause(),
};
const closes: number[] = [];
/** Accepts connections and never answers. */
const silent = createServer();

let server: WebSocketServer;
let url: string;
let silentUrl: string;
beforeAll(async () => {
  server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    verifyClient: ({ req }: { req: IncomingMessage }) => req.url !== "/refused",
  });
  await Promise.all([once(server, "listening"), once(silent.listen(0, "127.0.0.1"), "listening")]);
  server.on("connection", (ws, { url: path, socket }) => {
    const end = ENDS[path ?? ""];
    if (end !== undefined) {
      end(ws, socket);
      return;
    }
    ws.on("message", (data) => ws.send(data, { binary: false }));
    ws.on("close", (code) => closes.push(code));
    ws.send(Buffer.of(1, 2, 3));
  });
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  silentUrl = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`;
});
afterAll(async () => {
  silent.close();
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
});

interface Settings {
  maxDuration?: string;
  env?: Record<string, string>;
}

const run = async (
  body: string,
  { maxDuration = "20s", env = {} }: Settings = {},
): Promise<DoubleResult> =>
  runDouble({
    env: { SERVER: url, SILENT: silentUrl, ...env },
    script: `
      import { sleep } from "k6";
      import { WebSocket } from "k6/websockets";
      export const options = { scenarios: { s: {
        executor: "per-vu-iterations", vus: 1, iterations: 1,
        maxDuration: "${maxDuration}", gracefulStop: "0s",
      } } };
      const connect = (target) => {
        const ws = new WebSocket(target, null, { tags: { name: "x" } });
        ws.onopen = () => console.log("open", ws.readyState);
        ws.onerror = (event) => console.log("error", event.error);
        ws.onclose = ({ type, code, reason }) =>
          console.log(type, ws.readyState, code, JSON.stringify(reason));
        return ws;
      };
      export default function () { ${body} }`,
  });

test("messages arrive on the event loop; the iteration lasts until the socket is closed", async () => {
  const { consoleLines, exitCode } = await run(
    `const ws = connect(__ENV.SERVER);
    ws.binaryType = "arraybuffer";
    try { ws.send("too early"); } catch (error) { console.log(error.name); }
    ws.onmessage = ({ type, data }) => {
      console.log(type, typeof data === "string" ? data : new Uint8Array(data).join());
      if (typeof data === "string") return ws.close();
      ws.send("é");
      sleep(0.2);
      console.log("slept");
    };
    setTimeout(() => console.log("later"), 1);
    console.log("returns");`,
  );
  expect(consoleLines.filter((line) => line !== "later")).toEqual([
    "InvalidStateError",
    "returns",
    "open 1",
    "message 1,2,3",
    "slept",
    "message é",
    'close 3 1000 ""',
  ]);
  expect(closes).toEqual([1000]);
  expect(exitCode).toBe(0);
});

/** One after the other, each until its close. */
const visit = (...paths: string[]): string => `
  const next = ([target, ...others]) => {
    if (target !== undefined) connect(target).addEventListener("close", () => next(others));
  };
  next(${JSON.stringify(paths)}.map((path) => path.startsWith("/") ? __ENV.SERVER + path : path));`;

test("`close` has code and reason, and only 1000 and 1001 are no `error` first", async () => {
  const { consoleLines } = await run(
    visit("/1000", "/1001", "/1005", "/1008", "/1012", "/1013", "/4000"),
  );
  expect(consoleLines.filter((line) => line !== "open 1")).toEqual([
    'close 3 1000 ""',
    'close 3 1001 "bye"',
    ...["error websocket: close 1005 (no status)", 'close 3 1005 ""'],
    ...["error websocket: close 1008 (policy violation): no", 'close 3 1008 "no"'],
    // Go's client has no name for these.
    ...["error websocket: close 1012: bye", 'close 3 1012 "bye"'],
    ...["error websocket: close 1013", 'close 3 1013 ""'],
    ...["error websocket: close 4000: over", 'close 3 4000 "over"'],
  ]);
});

test("an end of file is 1006, a reset is a `close` without a code and without an `error`", async () => {
  const { consoleLines } = await run(visit("/cut", "/reset"));
  expect(consoleLines).toEqual([
    "open 1",
    "error websocket: close 1006 (abnormal closure): unexpected EOF",
    'close 3 1006 "unexpected EOF"',
    "open 1",
    'close 3 undefined ""',
  ]);
});

test("an attempt that fails is an `error`, and says no more than Go does", async () => {
  const { consoleLines } = await run(visit("/refused", "ws://127.0.0.1:1"));
  expect(consoleLines).toEqual([
    ...["error websocket: bad handshake", 'close 3 undefined ""'],
    ...["error dial tcp 127.0.0.1:1: connect: connection refused", 'close 3 undefined ""'],
  ]);
});

test("an attempt without an answer ends at the dial limit, and the iteration not before", async () => {
  const { consoleLines } = await run('connect(__ENV.SILENT); console.log("returns");', {
    env: { K6_DOUBLE_DIAL_MS: "300" },
  });
  expect(consoleLines).toEqual(["returns", "error read tcp: i/o timeout", 'close 3 undefined ""']);
});

test("close() while connecting never returns on k6 before 2.3, so here it fails the iteration", async () => {
  const { stderr } = await run("connect(__ENV.SILENT).close();");
  expect(stderr).toContain("close() of a WebSocket that is connecting never returns");
});

test("a close that is not answered keeps the iteration until it is interrupted", async () => {
  const { consoleLines, summary } = await run(
    'const ws = connect(__ENV.SERVER + "/deaf"); ws.onopen = () => ws.close();',
    { maxDuration: "1s" },
  );
  expect(consoleLines).toEqual([]);
  const { metrics } = summary as { metrics: Record<string, unknown> };
  expect(metrics["iterations"]).toBeUndefined();
});

test("close() refuses codes that a client may not send", async () => {
  const { stderr } = await run(
    "const ws = connect(__ENV.SERVER); ws.onopen = () => ws.close(1001);",
  );
  expect(stderr).toContain("a close code is 1000, or 3000 to 4999: 1001");
});

test("features that the double lacks throw an error", async () => {
  const { stderr } = await run("connect(__ENV.SERVER).onmessage = () => console.log('never');");
  expect(stderr).toContain('set binaryType to "arraybuffer"');
});
