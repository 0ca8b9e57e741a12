import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readServiceFile, type Service } from "../../service/read-service-file.ts";
import { refuseMisfit } from "./refuse-misfit.ts";

/** `GET /events/<id>` sends five numbered events, or nothing at all. */
let server: Server;
let url: string;
let folder: string;
/** How many streams were opened, and how many of them get events. */
let opened = 0;
let lucky = Infinity;
beforeEach(async () => {
  [opened, lucky] = [0, Infinity];
  server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    opened += 1;
    if (opened > lucky) return void response.end();
    for (let n = 1; n <= 5; n++)
      response.write(`${n === 5 ? "event: done\n" : ""}data: {"n":${n}}\n\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = await mkdtemp(join(tmpdir(), "sse-lab-misfit-"));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

const serviceWith = async (pointer: string): Promise<Service> => {
  const path = join(folder, "sse-lab.service.yaml");
  const events = `events:\n  sequence:\n    pointer: ${pointer}\n  terminal: [done]\n`;
  await writeFile(path, `stream:\n  request: GET /events/\${session.id}\n${events}`);
  return readServiceFile(path, {});
};
const target = () => ({ url, instances: [], instanceUrls: {} });
const topology = () => ({
  url: "http://127.0.0.1:1",
  instances: ["server-1", "server-2"],
  instanceUrls: { "server-1": url, "server-2": "http://127.0.0.1:1" },
});
const never = new AbortController().signal;

it("asks one instance past the router, with one session", async () => {
  await refuseMisfit(await serviceWith("/n"), topology(), never);
  expect(opened).toBe(1);
});

it("refuses with the line of the check", async () => {
  const service = await serviceWith("/number");
  await expect(refuseMisfit(service, topology(), never)).rejects.toThrow(
    `${folder}/sse-lab.service.yaml:5:5: events.sequence.pointer: event "message" ` +
      '(data {"n":1}) has no whole number at /number; it has /n; if it means nothing, add ' +
      `"message" to stream.noise (a session that was tried at ${url} does not fit)`,
  );
});

it("takes one session of a target that fits for all of them", async () => {
  lucky = 1;
  await refuseMisfit(await serviceWith("/n"), target(), never);
  expect(opened).toBe(8);
});

it("refuses a target of which no session fits, with the way to load it nevertheless", async () => {
  lucky = 0;
  await expect(refuseMisfit(await serviceWith("/n"), target(), never)).rejects.toThrow(
    /events\.terminal: the server closed the stream without .*none of 8 sessions.*--skip-check/,
  );
});

it("ends with the command", async () => {
  server.removeAllListeners("request");
  const stop = new AbortController();
  server.once("request", () => stop.abort(new Error("enough")));
  await expect(refuseMisfit(await serviceWith("/n"), target(), stop.signal)).rejects.toThrow(
    "enough",
  );
});
