/** better-sse with one channel per room. Redis carries the messages between instances. */
import { type Channel, createChannel, createSession } from "better-sse";
import express from "express";
import { Redis } from "ioredis";

interface Message {
  room: string;
  event: string;
  id: number;
  data: object;
}

const rooms = new Map<string, Channel>();

const deliver = ({ room, event, id, data }: Message): void => {
  rooms.get(room)?.broadcast(data, event, { eventId: String(id) });
};

const { REDIS_URL, PORT = "3000" } = process.env;
const publisher = REDIS_URL ? new Redis(REDIS_URL) : undefined;
if (REDIS_URL) {
  const subscriber = new Redis(REDIS_URL);
  await subscriber.subscribe("messages");
  subscriber.on("message", (_channel, text) => deliver(JSON.parse(text) as Message));
}

/** To all instances; without Redis, to this one alone. */
const publish = (message: Message): void => {
  if (publisher) void publisher.publish("messages", JSON.stringify(message));
  else deliver(message);
};

const app = express();
app.get("/health", (_request, response) => {
  response.json({ status: "ok" });
});

const openRoom = (room: string): Channel => {
  const channel = createChannel();
  channel.on("session-deregistered", () => {
    if (channel.sessionCount === 0) rooms.delete(room);
  });
  rooms.set(room, channel);
  return channel;
};

app.get("/rooms/:room/events", async (request, response) => {
  const session = await createSession(request, response);
  const { room } = request.params;
  (rooms.get(room) ?? openRoom(room)).register(session);
  session.push({ room }, "joined");
});

app.post("/rooms/:room/jobs", (request, response) => {
  const { room } = request.params;
  const steps = Number(request.query["steps"] ?? 20);
  const rate = Number(request.query["rate"] ?? 5);
  let id = 0;
  const timer = setInterval(() => {
    id += 1;
    const isLast = id >= steps;
    if (isLast) clearInterval(timer);
    publish({ room, event: isLast ? "done" : "step", id, data: { at: Date.now() } });
  }, 1000 / rate);
  response.sendStatus(202);
});

app.listen(Number(PORT));
