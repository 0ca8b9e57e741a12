/**
 * What the standard says of single streams (WHATWG HTML, 9.2.5 and 9.2.6), as data. `events` are
 * `[name, id, data]`, with the id of that very event; `lastEventId` is what the event source would
 * send on a reconnect.
 */
export interface SseCase {
  name: string;
  stream: string | Buffer;
  events: [name: string, id: string | undefined, data: string][];
  retries?: number[];
  lastEventId?: string;
}

const BOM = "\uFEFF";

export const SSE_CORPUS: readonly SseCase[] = [
  { name: "an empty stream", stream: "", events: [] },
  {
    name: "lines that end in LF",
    stream: "event: a\nid: 1\ndata: x\n\n",
    events: [["a", "1", "x"]],
    lastEventId: "1",
  },
  {
    name: "lines that end in CR",
    stream: "event: a\rid: 1\rdata: x\r\r",
    events: [["a", "1", "x"]],
    lastEventId: "1",
  },
  {
    name: "lines that end in CRLF",
    stream: "event: a\r\nid: 1\r\ndata: x\r\n\r\n",
    events: [["a", "1", "x"]],
    lastEventId: "1",
  },
  {
    name: "mixed line ends",
    stream: "data: a\r\ndata: b\rdata: c\n\r\ndata: d\n\rdata: e\r\n\n",
    events: [
      ["message", undefined, "a\nb\nc"],
      ["message", undefined, "d"],
      ["message", undefined, "e"],
    ],
  },
  {
    name: "CR LF CR as two line ends",
    stream: "data: a\r\n\rdata: b\n\n",
    events: [
      ["message", undefined, "a"],
      ["message", undefined, "b"],
    ],
  },
  {
    name: "a byte order mark at the start",
    stream: `${BOM}data: x\n\n`,
    events: [["message", undefined, "x"]],
  },
  {
    name: "only one byte order mark",
    stream: `${BOM}${BOM}data: x\n\ndata: y\n\n`,
    events: [["message", undefined, "y"]],
  },
  {
    name: "a byte order mark later on",
    stream: `data: x\n\n${BOM}data: y\n\ndata: ${BOM}z\n\n`,
    events: [
      ["message", undefined, "x"],
      ["message", undefined, `${BOM}z`],
    ],
  },
  {
    name: "the first two bytes of a byte order mark",
    stream: Buffer.from([0xef, 0xbb, 0x0a, ...Buffer.from("data: x\n\n")]),
    events: [["message", undefined, "x"]],
  },
  {
    name: "several data lines",
    stream: "data: a\ndata:\ndata: c\n\n",
    events: [["message", undefined, "a\n\nc"]],
  },
  {
    name: "two empty data lines",
    stream: "data\ndata\n\n",
    events: [["message", undefined, "\n"]],
  },
  {
    name: "one empty data line",
    stream: "data\n\ndata:\n\ndata: \n\n",
    events: [
      ["message", undefined, ""],
      ["message", undefined, ""],
      ["message", undefined, ""],
    ],
  },
  {
    name: "comments",
    stream: ": hi\n:\n:data: no\ndata: x\n: in between\n\n",
    events: [["message", undefined, "x"]],
  },
  { name: "a comment alone", stream: ": heartbeat\n\n", events: [] },
  {
    name: "an event without data",
    stream: "event: a\nid: 7\n\ndata: x\n\n",
    events: [["message", undefined, "x"]],
    lastEventId: "7",
  },
  {
    name: "an empty event name",
    stream: "event: a\nevent:\ndata: x\n\n",
    events: [["message", undefined, "x"]],
  },
  {
    name: "the last event name",
    stream: "event: a\nevent: b\ndata: x\n\n",
    events: [["b", undefined, "x"]],
  },
  {
    name: "an event name for one event only",
    stream: "event: a\ndata: x\n\ndata: y\n\n",
    events: [
      ["a", undefined, "x"],
      ["message", undefined, "y"],
    ],
  },
  {
    name: "one leading space removed",
    stream: "data:  x\ndata:x\ndata:\tx \n\n",
    events: [["message", undefined, " x\nx\n\tx "]],
  },
  {
    name: "a value with colons",
    stream: "data: a: b:c\n\n",
    events: [["message", undefined, "a: b:c"]],
  },
  {
    name: "unknown fields",
    stream:
      "foo: bar\nDATA: x\n data: x\ndatax: x\ndat: x\nevents: a\nidd: 1\nretries: 5\ndata: y\n\n",
    events: [["message", undefined, "y"]],
  },
  {
    name: "a field name without colon",
    stream: "unknown\ndata: x\n\n",
    events: [["message", undefined, "x"]],
  },
  {
    name: "a valid retry",
    stream: "retry: 1500\n\nretry:0\nretry: 007\n",
    events: [],
    retries: [1500, 0, 7],
  },
  {
    name: "an invalid retry",
    stream: "retry: 1.5\nretry: -1\nretry: 1e3\nretry: 5 \nretry:  5\nretry:\nretry\nretry: ٣\n",
    events: [],
  },
  {
    name: "a retry inside an event",
    stream: "retry: 10\ndata: x\nretry: 20\n\n",
    events: [["message", undefined, "x"]],
    retries: [10, 20],
  },
  {
    name: "an id that stays",
    stream: "id: 1\ndata: x\n\ndata: y\n\n",
    events: [
      ["message", "1", "x"],
      ["message", undefined, "y"],
    ],
    lastEventId: "1",
  },
  {
    name: "an empty id",
    stream: "id: 1\ndata: x\n\nid\ndata: y\n\n",
    events: [
      ["message", "1", "x"],
      ["message", "", "y"],
    ],
    lastEventId: "",
  },
  {
    name: "an id with NULL",
    stream: "id: 1\ndata: x\n\nid: 2\0\ndata: y\n\n",
    events: [
      ["message", "1", "x"],
      ["message", undefined, "y"],
    ],
    lastEventId: "1",
  },
  {
    name: "the last id of an event",
    stream: "id: 1\nid: 2\ndata: x\n\n",
    events: [["message", "2", "x"]],
    lastEventId: "2",
  },
  {
    name: "an id whose event is unfinished",
    stream: "id: 1\ndata: x\n\nid: 2\ndata: y\n",
    events: [["message", "1", "x"]],
    lastEventId: "1",
  },
  {
    name: "an unfinished event",
    stream: "data: x\n\ndata: y",
    events: [["message", undefined, "x"]],
  },
  {
    name: "an unfinished last line end",
    stream: "data: x\n\ndata: y\n",
    events: [["message", undefined, "x"]],
  },
  { name: "blank lines", stream: "\n\r\n\rdata: x\n\n\n\n", events: [["message", undefined, "x"]] },
  {
    name: "UTF-8 of every length",
    stream: "event: é\nid: ☃\ndata: 🚂 é ☃ x\n\n",
    events: [["é", "☃", "🚂 é ☃ x"]],
    lastEventId: "☃",
  },
  {
    name: "bytes that are not UTF-8",
    stream: Buffer.from([
      ...Buffer.from("data: a"),
      0xff,
      0xe2,
      0x98,
      ...Buffer.from("\ndata: b\n\n"),
    ]),
    events: [["message", undefined, "a\uFFFD\uFFFD\nb"]],
  },
];
