import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { runDouble, type DoubleResult } from "../run-double.ts";

/** By path of the request: what the server does with the socket. */
const ENDS: Record<string, (ws: WebSocket) => void> = {
  "/1000": (ws) => ws.close(1000),
  "/1001": (ws) => ws.close(1001, "bye"),
  "/1012": (ws) => ws.close(1012, "bye"),
  "/cut": (ws) => ws.terminate(),
};
const closes: number[] = [];

let server: WebSocketServer;
let url: string;
beforeAll(async () => {
  server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    verifyClient: ({ req }: { req: IncomingMessage }) => req.url !== "/refused",
  });
  await once(server, "listening");
  server.on("connection", (ws, { url: path }) => {
    const end = ENDS[path ?? ""];
    if (end !== undefined) {
      end(ws);
      return;
    }
    ws.on("message", (data) => ws.send(data, { binary: false }));
    ws.on("close", (code) => closes.push(code));
    ws.send(Buffer.of(1, 2, 3));
  });
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const run = async (body: string): Promise<DoubleResult> =>
  runDouble({
    env: { SERVER: url },
    script: `
      import { sleep } from "k6";
      import { WebSocket } from "k6/websockets";
      export const options = {
        scenarios: { s: { executor: "per-vu-iterations", vus: 1, iterations: 1, maxDuration: "20s" } },
      };
      const connect = (target) => {
        const ws = new WebSocket(target, null, { tags: { name: "x" } });
        ws.onopen = () => console.log("open", ws.readyState);
        ws.onerror = (event) => console.log("error", event.error);
        ws.onclose = (event) => console.log("close", ws.readyState, JSON.stringify(Object.keys(event)));
        return ws;
      };
      export default function () { ${body} }`,
  });
const CLOSE = 'close 3 ["type","timestamp"]';

test("messages arrive on the event loop; the iteration lasts until the socket is closed", async () => {
  const { consoleLines, exitCode } = await run(
    `const ws = connect(__ENV.SERVER);
    ws.binaryType = "arraybuffer";
    try { ws.send("too early"); } catch (error) { console.log(error.name); }
    ws.onmessage = ({ type, data }) => {
      console.log(type, typeof data === "string" ? data : new Uint8Array(data).join());
      if (type !== 2) return ws.close();
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
    "2 1,2,3",
    "slept",
    "1 é",
    CLOSE,
  ]);
  expect(closes).toEqual([1000]);
  expect(exitCode).toBe(0);
});

test("`close` has no code: an abnormal close or a failed connection is an `error` first", async () => {
  const { consoleLines } = await run(`
    const targets = ["/1000", "/1001", "/1012", "/cut", "/refused"].map((path) => __ENV.SERVER + path);
    const next = ([target, ...others]) => {
      if (target !== undefined) connect(target).addEventListener("close", () => next(others));
    };
    next([...targets, "ws://127.0.0.1:1"]);`);
  expect(consoleLines).toEqual([
    ...["open 1", CLOSE],
    ...["open 1", CLOSE],
    ...["open 1", "error websocket: close 1012 (service restart): bye", CLOSE],
    ...["open 1", "error websocket: close 1006 (abnormal closure): unexpected EOF", CLOSE],
    ...["error websocket: bad handshake", CLOSE],
    ...["error dial tcp 127.0.0.1:1: connect: connection refused", CLOSE],
  ]);
});

test("features that the double lacks throw an error", async () => {
  const { stderr } = await run("connect(__ENV.SERVER).onmessage = () => console.log('never');");
  expect(stderr).toContain('set binaryType to "arraybuffer"');
});
