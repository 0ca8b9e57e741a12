import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { runDouble } from "../../../standins/k6/run-double.ts";

/** Answers the handshakes that it held back. */
const release: (() => void)[] = [];
const closeCodes: number[] = [];
const webSockets = new WebSocketServer({ noServer: true });
/**
 * By its key it refuses a handshake, also without an upgrade; holds it back until `/release`; or
 * never answers it.
 */
const server = createServer((request, response) => {
  const { url = "" } = request;
  const refused = url.includes("apikey=refused");
  if (url === "/release") for (const answer of release.splice(0)) answer();
  response.writeHead(refused ? 401 : 400);
  response.end(refused ? '{"error":"Token has expired"}' : "no upgrade");
});
const sockets: Duplex[] = [];
server.on("upgrade", (request, socket, head) => {
  sockets.push(socket);
  const { url = "" } = request;
  socket.on("error", () => {});
  if (url.includes("apikey=refused") || url.includes("apikey=hidden"))
    socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  if (url.includes("apikey=late"))
    release.push(() =>
      webSockets.handleUpgrade(request, socket, head, (ws) =>
        ws.on("close", (code) => closeCodes.push(code)),
      ),
    );
});
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

const run = (body: string) => {
  const { port } = server.address() as AddressInfo;
  return runDouble({
    env: { HOST: `127.0.0.1:${port}`, K6_DOUBLE_DIAL_MS: "2000" },
    script: `
      import http from "k6/http";
      import { openK6Wire } from "../../loadtests/lib/realtime/k6-wire.ts";
      export const options = {
        scenarios: { s: { executor: "per-vu-iterations", vus: 1, iterations: 1, maxDuration: "20s" } },
      };
      const open = (key, onEnd) => openK6Wire(500)("ws://" + __ENV.HOST + "/socket", key, {
        onOpen: () => console.log("open"),
        onMessage: () => {},
        onEnd,
      });
      export default function () { ${body} }`,
  });
};

test("an attempt that comes to nothing ends once, with the reason as far as there is one", async () => {
  const { consoleLines, stderr } = await run(`
    const next = ([key, ...others]) => open(key, ({ reason, status, ended }) => {
      console.log(key, reason, status, ended);
      if (others.length > 0) next(others);
    });
    next(["refused", "hidden", "silent"]);`);
  expect(consoleLines).toEqual([
    "refused status 401: Token has expired 401 false",
    "hidden websocket: bad handshake 0 false",
    "silent no answer to the handshake within 500 ms 0 false",
  ]);
  expect(stderr).toBe("");
});

test("an attempt that is given up is closed once it is open, and tells nothing any more", async () => {
  const { consoleLines, stderr } = await run(`
    open("late", () => console.log("never")).close();
    open("late", ({ reason }) => {
      console.log(reason);
      http.get("http://" + __ENV.HOST + "/release");
    });`);
  expect(consoleLines).toEqual(["no answer to the handshake within 500 ms"]);
  expect(stderr).toBe("");
  expect(closeCodes).toEqual([1000, 1000]);
});
