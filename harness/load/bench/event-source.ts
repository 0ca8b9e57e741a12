/**
 * Source of the stream bench, a separate process on bare sockets, the cheapest server there is. It
 * answers a session's requests just well enough, and sends events round robin to every open stream.
 * `POST /cut` cuts them all. Argument: events per second over all streams. Prints its port, and
 * ends with its stdin.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { nowMs } from "../../../common/clock.ts";
import { chunk, eventFrame } from "./event-frame.ts";

const eventsPerSecond = Number(process.argv[2]);
const TICK_MS = 5;
const json = (status: string, body: object): string => {
  const text = JSON.stringify(body);
  return (
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ` +
    `${text.length}\r\n\r\n${text}`
  );
};
const STREAM_HEAD =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const RESUME = { status: "none" };
const NOTICE = JSON.stringify({ instance: "source", subscribedMs: 0, retryMs: 0, resume: RESUME });

const streams: Socket[] = [];
const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    const at = streams.indexOf(socket);
    if (at >= 0) streams.splice(at, 1);
  });
  socket.on("data", (bytes) => {
    const request = bytes.toString("latin1");
    if (/^GET \S+\/events/.test(request)) {
      socket.write(`${STREAM_HEAD}${chunk(`event: connected\ndata: ${NOTICE}\n\n`)}`);
      streams.push(socket);
    } else if (request.startsWith("GET")) socket.write(json("200 OK", {}));
    else if (request.startsWith("POST /api/sessions ")) {
      socket.write(json("201 Created", { sessionId: "s", token: "t", epoch: "e1" }));
    } else if (request.startsWith("POST /cut ")) {
      for (const stream of streams.splice(0)) stream.destroy();
      socket.end(json("200 OK", {}));
    } else if (request.startsWith("POST")) {
      socket.write(json("202 Accepted", { epoch: "e1", total: 0, instance: "source" }));
    }
  });
});

let sent = 0;
const startedMs = nowMs();
const send = (): void => {
  const due = Math.floor(((nowMs() - startedMs) * eventsPerSecond) / 1000);
  for (; sent < due; sent++) {
    const stream = streams[sent % Math.max(1, streams.length)];
    stream?.write(eventFrame(Math.round(nowMs() * 1000)));
  }
};

process.stdin.resume().on("close", () => process.exit(1));
if (eventsPerSecond > 0) setInterval(send, TICK_MS);
server.listen(0, "127.0.0.1", 4096, () => console.log((server.address() as AddressInfo).port));
