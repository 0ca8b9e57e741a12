/** Frames: their two shapes, and what is not one. */
import { VSNS } from "../frames.ts";
import { type ConformanceCase, type Step, vsnName } from "../conformance-case.ts";

const JOIN = { config: { broadcast: {}, presence: { enabled: false }, private: false } };
const JOINED = { status: "ok", response: { postgres_changes: [] } };

/** The frame is ignored: no answer, and the socket still joins. */
const ignored = (
  id: string,
  title: string,
  vsn: string,
  frame: string | Uint8Array,
  before: readonly Step[] = [],
): ConformanceCase => ({
  id: `frame-${id}`,
  section: "§1.3",
  title: `${title} is ignored, and the socket stays usable`,
  run: [
    { open: "a", vsn },
    ...before,
    { send: "a", frame },
    { quiet: "a" },
    { join: "a", topic: "<topic>-after" },
    { quiet: "a" },
  ],
});

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

export const frameCases: readonly ConformanceCase[] = [
  {
    id: "frame-shape-v2",
    section: "§1.3",
    title: "version 2 writes arrays: join_ref, ref, topic, event, payload",
    run: [
      { open: "a" },
      { send: "a", frame: JSON.stringify(["7", "8", "realtime:<topic>", "phx_join", JOIN]) },
      { receive: "a", text: ["7", "8", "realtime:<topic>", "phx_reply", JOINED] },
    ],
  },
  {
    id: "frame-shape-v1",
    section: "§1.3",
    title: "version 1 writes objects of exactly topic, event, payload and ref",
    run: [
      { open: "a", vsn: "1.0.0" },
      {
        send: "a",
        frame: JSON.stringify({
          topic: "realtime:<topic>",
          event: "phx_join",
          payload: JOIN,
          ref: "8",
          join_ref: "8",
        }),
      },
      { receive: "a", text: { topic: "realtime:<topic>", event: "phx_reply", payload: JOINED, ref: "8" } },
    ],
  },
  {
    id: "frame-v1-no-join-ref",
    section: "§1.3",
    title: "version 1 needs no join_ref",
    run: [
      { open: "a", vsn: "1.0.0" },
      {
        send: "a",
        frame: JSON.stringify({ topic: "realtime:<topic>", event: "phx_join", payload: JOIN, ref: "1" }),
      },
      { receive: "a", text: { topic: "realtime:<topic>", event: "phx_reply", payload: JOINED, ref: "1" } },
    ],
  },
  {
    id: "frame-v2-trailing",
    section: "§1.3",
    title: "version 2 takes further elements after the five",
    run: [
      { open: "a" },
      { send: "a", frame: JSON.stringify(["1", "1", "realtime:<topic>", "phx_join", JOIN, "more", 6]) },
      { receive: "a", text: ["1", "1", "realtime:<topic>", "phx_reply", JOINED] },
    ],
  },
  ...VSNS.flatMap((vsn) => [
    ignored(`${vsnName(vsn)}-bad-json`, "text that is not JSON", vsn, '["1","1",'),
    ignored(`${vsnName(vsn)}-empty`, "an empty text frame", vsn, ""),
    ignored(`${vsnName(vsn)}-number`, "a bare number", vsn, "7"),
    ignored(`${vsnName(vsn)}-null`, "a bare null", vsn, "null"),
  ]),
  ignored(
    "v2-object",
    "an object where version 2 has an array",
    "2.0.0",
    '{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}',
  ),
  ignored("v2-four", "an array of four", "2.0.0", '[null,"1","phoenix","heartbeat"]'),
  ignored(
    "v1-array",
    "an array where version 1 has an object",
    "1.0.0",
    '[null,"1","phoenix","heartbeat",{}]',
  ),
  ...["topic", "event", "payload", "ref"].map((key) =>
    ignored(
      `v1-without-${key}`,
      `an object without ${key}`,
      "1.0.0",
      JSON.stringify({ topic: "phoenix", event: "heartbeat", payload: {}, ref: "1", [key]: undefined }),
    ),
  ),
  ignored("binary-empty", "an empty binary frame", "2.0.0", bytes()),
  ignored("binary-one-byte", "a binary frame of one byte", "2.0.0", bytes(3)),
  ignored("binary-short-header", "a binary frame that ends in its header", "2.0.0", bytes(3, 1, 1, 4)),
  ignored(
    "binary-huge-lengths",
    "a binary frame whose lengths reach beyond its end",
    "2.0.0",
    bytes(3, 255, 255, 255, 255, 255, 1, 65, 66),
  ),
  ignored(
    "binary-unknown-kind",
    "a binary frame of an unknown kind",
    "2.0.0",
    bytes(9, 1, 1, 1, 1, 65, 65, 65, 65),
  ),
  ignored(
    "binary-server-kind",
    "a binary frame of a kind that only the server sends",
    "2.0.0",
    bytes(4, 1, 1, 0, 1, 65, 66, 67),
  ),
  ignored(
    "binary-joined",
    "half a broadcast on a joined channel",
    "2.0.0",
    bytes(3, 1, 1, 200, 1, 0, 1, 49, 50, 114),
    [{ join: "a" }],
  ),
  {
    id: "frame-largest-names",
    section: "§1.3",
    title: "a binary broadcast carries names of up to 255 bytes, counted in UTF-8",
    run: [
      { open: "a" },
      { join: "a", broadcast: { self: true } },
      {
        send: "a",
        push: {
          joinRef: "1",
          ref: "2",
          topic: "realtime:<topic>",
          event: "é".repeat(127) + "e",
          encoding: "json",
          payload: '{"text":"ü"}',
        },
      },
      {
        receive: "a",
        binary: {
          topic: "realtime:<topic>",
          event: "é".repeat(127) + "e",
          encoding: "json",
          payload: { text: "ü" },
        },
      },
    ],
  },
  {
    id: "frame-metadata",
    section: "§1.3",
    title: "the metadata of a client's binary broadcast goes nowhere",
    run: [
      { open: "a" },
      { join: "a", broadcast: { self: true } },
      {
        send: "a",
        push: {
          joinRef: "1",
          ref: "2",
          topic: "realtime:<topic>",
          event: "e",
          encoding: "json",
          metadata: '{"id":"mine"}',
          payload: "{}",
        },
      },
      { receive: "a", binary: { topic: "realtime:<topic>", event: "e", encoding: "json", payload: {} } },
    ],
  },
];
