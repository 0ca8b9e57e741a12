/** Broadcast over the WebSocket: acknowledged or not, to oneself or not, in order. */
import { VSNS } from "../frames.ts";
import { type ConformanceCase, type Step, vsnName } from "../conformance-case.ts";
import { asText, batch, binary, marker, OK, push, T, USER, WRAPPED } from "./published.ts";

export const broadcastCases: readonly ConformanceCase[] = [
  {
    id: "broadcast-verbatim",
    section: "§1.6",
    title: "a text broadcast's payload is forwarded as it is, whatever its keys",
    run: [
      { open: "a" },
      { open: "b" },
      { join: "a" },
      { join: "b" },
      { send: "b", message: ["1", "2", T, "broadcast", { any: "thing", n: 1.5, none: null }] },
      { receive: "a", message: [null, null, T, "broadcast", { any: "thing", n: 1.5, none: null }] },
    ],
  },
  {
    id: "broadcast-not-self",
    section: "§1.6",
    title: "the sender gets no copy, and without ack no reply",
    run: [
      { open: "a" },
      { open: "b" },
      { join: "a" },
      { join: "b" },
      { send: "b", message: ["1", "2", T, "broadcast", WRAPPED] },
      { receive: "a", message: asText(WRAPPED) },
      { quiet: "b" },
      ...marker("a", "b"),
    ],
  },
  {
    id: "broadcast-self",
    section: "§1.6",
    title: "with self the sender gets its own copy too",
    run: [
      { open: "a" },
      { join: "a", broadcast: { self: true } },
      { send: "a", message: ["1", "2", T, "broadcast", WRAPPED] },
      { receive: "a", message: asText(WRAPPED) },
      { send: "a", push: push("json", JSON.stringify(USER)) },
      binary("a", "json", USER),
      { quiet: "a" },
    ],
  },
  ...VSNS.map((vsn): ConformanceCase => ({
    id: `broadcast-ack-${vsnName(vsn)}`,
    section: "§1.6",
    title: `version ${vsn}: with ack each broadcast is answered, the sender gets no copy`,
    run: [
      { open: "a", vsn },
      { join: "a", broadcast: { ack: true } },
      { send: "a", message: ["1", "2", T, "broadcast", WRAPPED] },
      { receive: "a", message: ["1", "2", T, "phx_reply", OK] },
      ...marker("a"),
    ],
  })),
  {
    id: "broadcast-ack-binary",
    section: "§1.6",
    title: "with ack a binary broadcast is answered as text",
    run: [
      { open: "a" },
      { join: "a", broadcast: { ack: true } },
      { send: "a", push: push("json", "{}") },
      { receive: "a", message: ["1", "2", T, "phx_reply", OK] },
      { quiet: "a" },
    ],
  },
  {
    id: "broadcast-order-ws",
    section: "§1.6",
    title: "one sender's broadcasts arrive in order, none twice",
    run: [
      { open: "a" },
      { open: "b" },
      { join: "a" },
      { join: "b" },
      ...numbered((n) => ({
        send: "b",
        message: ["1", String(n), T, "broadcast", { ...WRAPPED, payload: { n } }],
      })),
      ...numbered((n) => ({
        receive: "a",
        message: [null, null, T, "broadcast", { ...WRAPPED, payload: { n } }],
      })),
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
      ...numbered((n) => ({
        receive: "a",
        message: [null, null, T, "broadcast", { ...WRAPPED, payload: { n } }],
      })),
      ...marker("a"),
    ],
  },
  {
    id: "broadcast-other-topic",
    section: "§1.6",
    title: "a broadcast goes to its own topic only",
    run: [
      { open: "a" },
      { join: "a" },
      {
        http: "POST",
        path: "/api/broadcast",
        json: { messages: [{ topic: "<topic>-x", event: "tick", payload: USER }] },
        status: 202,
      },
      ...marker("a"),
    ],
  },
];

function numbered(step: (n: number) => Step): Step[] {
  return Array.from({ length: 10 }, (_, n) => step(n));
}
