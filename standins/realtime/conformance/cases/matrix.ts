/** The table of §1.6: what was published in each way, as each version gets it. */
import { type ConformanceCase, type Step, vsnName } from "../conformance-case.ts";
import { type Vsn, VSNS } from "../frames.ts";
import { asText, batch, binary, marker, OK, push, RAW, SINGLE, T, USER, WRAPPED } from "./published.ts";

/** A row of the table in §1.6: how it is published, and what each version gets. */
interface Row {
  id: string;
  title: string;
  publish: readonly Step[];
  /** The publisher is subscribed too: the next it gets is the marker, no copy of its own. */
  sender?: true;
  /** As text, as binary with this encoding, or not at all. */
  gets: Readonly<Record<Vsn, "text" | "json" | "raw" | "nothing">>;
}

const ROWS: readonly Row[] = [
  ...VSNS.map((vsn): Row => ({
    id: `ws-text-${vsnName(vsn)}`,
    title: `by WebSocket as text of version ${vsn}`,
    publish: [
      { open: "sender", vsn },
      { join: "sender" },
      { send: "sender", message: ["1", "2", T, "broadcast", WRAPPED] },
    ],
    sender: true,
    gets: { "1.0.0": "text", "2.0.0": "text" },
  })),
  {
    id: "ws-binary-json",
    title: "by WebSocket as binary JSON",
    publish: [
      { open: "sender" },
      { join: "sender" },
      { send: "sender", push: push("json", JSON.stringify(USER)) },
    ],
    sender: true,
    gets: { "1.0.0": "text", "2.0.0": "json" },
  },
  {
    id: "ws-binary-raw",
    title: "by WebSocket as raw binary",
    // Leaving is answered by the channel that published: it has done so by then.
    publish: [
      { open: "sender" },
      { join: "sender" },
      { send: "sender", push: push("raw", RAW) },
      { send: "sender", message: ["1", "3", T, "phx_leave", {}] },
      { receive: "sender", message: ["1", "3", T, "phx_reply", OK] },
      { receive: "sender", message: ["1", "1", T, "phx_close", {}] },
    ],
    gets: { "1.0.0": "nothing", "2.0.0": "raw" },
  },
  {
    id: "http-batch",
    title: "by HTTP in a batch",
    publish: [batch({ event: "tick", payload: USER })],
    gets: { "1.0.0": "text", "2.0.0": "text" },
  },
  {
    id: "http-single",
    title: "by HTTP as a single JSON message",
    publish: [{ http: "POST", path: SINGLE, json: USER, status: 202, answers: "" }],
    gets: { "1.0.0": "text", "2.0.0": "json" },
  },
  {
    id: "http-single-raw",
    title: "by HTTP as a single raw message",
    publish: [
      {
        http: "POST",
        path: SINGLE,
        body: RAW,
        headers: { "content-type": "application/octet-stream" },
        status: 202,
      },
    ],
    gets: { "1.0.0": "nothing", "2.0.0": "raw" },
  },
];

const received = (gets: Row["gets"][Vsn]): Step[] => {
  if (gets === "text") return [{ receive: "a", message: asText(WRAPPED) }];
  if (gets === "nothing") return [];
  return [binary("a", gets, gets === "json" ? USER : Buffer.from(RAW).toString("hex"))];
};

export const matrixCases: readonly ConformanceCase[] = ROWS.flatMap((row) =>
  VSNS.map((vsn): ConformanceCase => ({
    id: `broadcast-${row.id}-to-${vsnName(vsn)}`,
    section: "§1.6",
    title: `published ${row.title}, a subscriber of version ${vsn} gets ${row.gets[vsn] === "text" ? "text" : row.gets[vsn] === "nothing" ? "nothing" : `binary (${row.gets[vsn]})`}`,
    run: [
      { open: "a", vsn },
      { join: "a" },
      ...row.publish,
      ...received(row.gets[vsn]),
      ...marker("a", ...(row.sender ? ["sender"] : [])),
    ],
  })),
);
