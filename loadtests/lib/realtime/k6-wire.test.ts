import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runDouble } from "../../../standins/k6/run-double.ts";

/**
 * Refuses what has the key `refused`, also without an upgrade, and leaves every other handshake
 * unanswered.
 */
const server = createServer((request, response) => {
  const refused = request.url?.includes("apikey=refused") === true;
  response.writeHead(refused ? 401 : 400);
  response.end(refused ? '{"error":"Token has expired"}' : "no upgrade");
});
const sockets: Duplex[] = [];
server.on("upgrade", (request, socket) => {
  sockets.push(socket);
  const { url = "" } = request;
  socket.on("error", () => {});
  if (url.includes("apikey=refused") || url.includes("apikey=hidden"))
    socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
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

test("an attempt that comes to nothing ends once, with the reason as far as there is one", async () => {
  const { port } = server.address() as AddressInfo;
  const { consoleLines, stderr } = await runDouble({
    env: { TARGET: `ws://127.0.0.1:${port}/socket` },
    script: `
      import { openK6Wire } from "../../loadtests/lib/realtime/k6-wire.ts";
      export const options = {
        scenarios: { s: { executor: "per-vu-iterations", vus: 1, iterations: 1, maxDuration: "20s" } },
      };
      export default function () {
        const open = openK6Wire(500);
        const events = { onOpen: () => console.log("open"), onMessage: () => {} };
        const next = ([key, ...others]) => {
          const onEnd = ({ reason, status, ended }) => {
            console.log(key, reason, status, ended);
            if (others.length > 0) next(others);
          };
          open(__ENV.TARGET, key, { ...events, onEnd });
        };
        next(["refused", "hidden", "silent"]);
        open(__ENV.TARGET, "silent", { ...events, onEnd: () => console.log("never") }).close();
      }`,
  });
  expect(consoleLines).toEqual([
    "refused status 401: Token has expired 401 false",
    "hidden websocket: bad handshake 0 false",
    "silent no answer to the handshake within 500 ms 0 false",
  ]);
  expect(stderr).toBe("");
});
