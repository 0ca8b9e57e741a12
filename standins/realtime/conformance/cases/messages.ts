/** Messages and steps that several groups of cases use. */
import type { HttpStep, Step } from "../conformance-case.ts";
import type { BinaryPush, Message } from "../frames.ts";
import type { Pattern } from "../pattern.ts";

export const T = "realtime:<topic>";
export const OK = { status: "ok", response: {} };
export const JOINED = { status: "ok", response: { postgres_changes: [] } };
export const denied = (reason: Pattern): Pattern => ({ status: "error", response: { reason } });

/** The payload of a text broadcast. */
export const broadcast = (event: string, payload: Readonly<Record<string, unknown>> = {}) =>
  ({ type: "broadcast", event, payload }) as Readonly<Record<string, Pattern>>;

/** Sends a text broadcast on a joined connection. */
export const say = (
  name: string,
  ref: string,
  payload: Readonly<Record<string, unknown>>,
  topic = T,
): Step => ({ send: name, message: ["1", ref, topic, "broadcast", payload] });

/** The next frame is this text broadcast. */
export const hears = (name: string, payload: Pattern, topic = T): Step => ({
  receive: name,
  message: [null, null, topic, "broadcast", payload],
});

export const reply = (ref: string, payload: Pattern, topic = T): Message<Pattern> => [
  "1",
  ref,
  topic,
  "phx_reply",
  payload,
];

export const push = (topic: string, event: string, payload: unknown): BinaryPush => ({
  joinRef: "1",
  ref: "2",
  topic,
  event,
  payload: JSON.stringify(payload),
});

/** Publishes over HTTP. */
export const batch = (...messages: readonly Record<string, unknown>[]): HttpStep => ({
  http: "POST",
  path: "/api/broadcast",
  json: { messages: messages.map((message) => ({ topic: "<topic>", ...message })) },
  status: 202,
});

/** The next frame of each connection is this marker: nothing has arrived before it. */
export const marker = (...names: readonly string[]): Step[] => [
  batch({ event: "marker", payload: {} }),
  ...names.map((name) => hears(name, broadcast("marker"))),
];

/** The server ends the channel with a reason; the socket stays open. */
export const ended = (name: string, topic: string, message: Pattern, withinMs?: number): Step[] => [
  {
    receive: name,
    message: [
      "1",
      null,
      `realtime:${topic}`,
      "system",
      { extension: "system", status: "error", message, channel: topic },
    ],
    ...(withinMs === undefined ? {} : { withinMs }),
  },
  { receive: name, message: ["1", "1", `realtime:${topic}`, "phx_close", {}] },
  { quiet: name },
];

/** The channel answers and ends. */
export const leave = (name: string, ref: string, topic = T): Step[] => [
  { send: name, message: ["1", ref, topic, "phx_leave", {}] },
  { receive: name, message: reply(ref, OK, topic) },
  { receive: name, message: ["1", "1", topic, "phx_close", {}] },
];
