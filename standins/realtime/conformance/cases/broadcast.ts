/** Broadcast: what each version gets, acknowledgements, order, and the payload limit. */
import { type ConformanceCase, type Step, vsnName } from "../conformance-case.ts";
import { type Vsn, VSNS } from "../frames.ts";
import { oneOf } from "../pattern.ts";
import { runSteps } from "../run-steps.ts";
import { batch, broadcast, hears, marker, OK, push, reply, say, T } from "./messages.ts";

const USER = { n: 1, text: 'ü"\\', list: [1, null, { deep: true }] };
const WRAPPED = broadcast("tick", USER);
const BINARY: Step = { receive: "a", binary: { topic: T, event: "tick", payload: USER } };

/** A row of the table in §1.6: how a message is published, and what each version gets. */
interface Row {
  id: string;
  title: string;
  publish: readonly Step[];
  gets: Readonly<Record<Vsn, Step>>;
}

const TEXT: Row["gets"] = { "1.0.0": hears("a", WRAPPED), "2.0.0": hears("a", WRAPPED) };
const sender: readonly Step[] = [{ open: "sender" }, { join: "sender" }];

const ROWS: readonly Row[] = [
  {
    id: "ws-text",
    title: "over WebSocket as text",
    publish: [...sender, say("sender", "2", WRAPPED)],
    gets: TEXT,
  },
  {
    id: "ws-binary-json",
    title: "over WebSocket as binary",
    publish: [...sender, { send: "sender", push: push(T, "tick", USER) }],
    gets: { "1.0.0": hears("a", WRAPPED), "2.0.0": BINARY },
  },
  {
    id: "http-batch",
    title: "over HTTP",
    publish: [...sender, batch({ event: "tick", payload: USER }), hears("sender", WRAPPED)],
    gets: TEXT,
  },
];

const tableCases = ROWS.flatMap(({ id, title, publish, gets }) =>
  VSNS.map((vsn): ConformanceCase => ({
    id: `broadcast-${id}-to-${vsnName(vsn)}`,
    section: "§1.6",
    title: `published ${title}, a message reaches a subscriber of version ${vsn} as ${
      gets[vsn] === BINARY ? "binary" : "text"
    }`,
    // The sender gets the marker next, not its own message.
    run: [{ open: "a", vsn }, { join: "a" }, ...publish, gets[vsn], ...marker("a", "sender")],
  })),
);

export const broadcastCases: readonly ConformanceCase[] = [
  ...tableCases,
  {
    id: "broadcast-self",
    section: "§1.6",
    title: "with self the sender gets its own messages",
    run: [
      { open: "a" },
      { join: "a", broadcast: { self: true } },
      say("a", "2", WRAPPED),
      hears("a", WRAPPED),
      { send: "a", push: push(T, "tick", USER) },
      BINARY,
      { quiet: "a" },
    ],
  },
  ...VSNS.map((vsn): ConformanceCase => ({
    id: `broadcast-ack-${vsnName(vsn)}`,
    section: "§1.6",
    title: `version ${vsn}: with ack each broadcast is acknowledged, and the sender gets no copy`,
    run: [
      { open: "a", vsn },
      { join: "a", broadcast: { ack: true } },
      say("a", "2", WRAPPED),
      { receive: "a", message: reply("2", OK) },
      ...marker("a"),
    ],
  })),
  {
    id: "broadcast-ack-binary",
    section: "§1.6",
    title: "with ack a binary broadcast is acknowledged as text",
    run: [
      { open: "a" },
      { join: "a", broadcast: { ack: true } },
      { send: "a", push: push(T, "tick", {}) },
      { receive: "a", message: reply("2", OK) },
      { quiet: "a" },
    ],
  },
  {
    id: "broadcast-order-ws",
    section: "§1.6",
    title: "the broadcasts of one sender arrive in order, each once",
    run: [
      { open: "a" },
      { open: "b" },
      { join: "a" },
      { join: "b" },
      ...numbered((n) => say("b", String(n), broadcast("tick", { n }))),
      ...numbered((n) => hears("a", broadcast("tick", { n }))),
      ...marker("a", "b"),
    ],
  },
  {
    id: "broadcast-order-batch",
    section: "§2",
    title: "the messages of one batch arrive in its order",
    run: [
      { open: "a" },
      { join: "a" },
      batch(...Array.from({ length: 10 }, (_, n) => ({ event: "tick", payload: { n } }))),
      ...numbered((n) => hears("a", broadcast("tick", { n }))),
      ...marker("a"),
    ],
  },
  {
    id: "broadcast-other-topic",
    section: "§1.6",
    title: "a broadcast reaches its own topic only",
    run: [
      { open: "a" },
      { join: "a" },
      batch({ topic: "<topic>-x", event: "tick", payload: USER }),
      ...marker("a"),
    ],
  },
  {
    id: "broadcast-oversize-ack",
    section: "§1.6",
    title: "with ack an oversize broadcast gets payload_size_exceeded, and reaches no one",
    settles: true,
    run: async (context) => {
      const error = oneOf("payload_size_exceeded", { error: "payload_size_exceeded" });
      const joins: Step[] = [
        { open: "a" },
        { open: "b" },
        { join: "a", broadcast: { ack: true } },
        { join: "b" },
      ];
      const oversize: Step[] = [
        say("a", "2", broadcast("tick", { text: OVERSIZE() })),
        { receive: "a", message: reply("2", { status: "error", response: error }) },
      ];
      await runSteps([...joins, ...oversize, ...marker("b")], context);
    },
  },
  {
    id: "broadcast-unreadable",
    section: "§1.3",
    title: "a text frame with half a surrogate pair is ignored",
    run: [
      { open: "a" },
      { join: "a", broadcast: { ack: true, self: true } },
      {
        send: "a",
        frame: `["1","2","${T}","broadcast",{"type":"broadcast","event":"e","payload":{"v":"\\ud83d"}}]`,
      },
      { quiet: "a" },
    ],
  },
];

/** Above the limit of every plan (3,000 kB), below the largest frame (5,000,000 bytes). */
const OVERSIZE = (): string => "x".repeat(4_000_000);

function numbered(step: (n: number) => Step): Step[] {
  return Array.from({ length: 10 }, (_, n) => step(n));
}
