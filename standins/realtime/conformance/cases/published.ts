/** What the broadcast cases publish, and how it is written. */
import type { Step } from "../conformance-case.ts";
import type { BinaryPush, Message } from "../frames.ts";
import type { Pattern } from "../pattern.ts";

export const T = "realtime:<topic>";
export const OK = { status: "ok", response: {} };
export const USER = { n: 1, text: 'ü"\\', list: [1, null, { deep: true }] };
export const WRAPPED = { type: "broadcast", event: "tick", payload: USER };
const MARKER = { type: "broadcast", event: "marker", payload: {} };

export const push = (encoding: BinaryPush["encoding"], payload: string | Uint8Array): BinaryPush => ({
  joinRef: "1",
  ref: "2",
  topic: T,
  event: "tick",
  encoding,
  payload,
});
export const asText = (payload: typeof WRAPPED): Message<Pattern> => [null, null, T, "broadcast", payload];
export const batch = (...messages: readonly Record<string, unknown>[]): Step => ({
  http: "POST",
  path: "/api/broadcast",
  json: { messages: messages.map((message) => ({ topic: "<topic>", ...message })) },
  status: 202,
});
/** What each of them gets next is this: nothing came before. */
export const marker = (...names: readonly string[]): Step[] => [
  batch({ event: "marker", payload: {} }),
  ...names.map((name): Step => ({ receive: name, message: [null, null, T, "broadcast", MARKER] })),
];
export const binary = (name: string, encoding: "json" | "raw", payload: typeof USER | string): Step => ({
  receive: name,
  binary: { topic: T, event: "tick", encoding, payload },
});
export const SINGLE = "/api/broadcast/<topic>/events/tick";
export const RAW = Uint8Array.from([0, 255, 1, 254, 123]);
