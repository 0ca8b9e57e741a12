import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Observation } from "../history/observation.ts";
import type { LoadPlan } from "../load/portable/load-plan.ts";
import { runLoad } from "../load/native/run-load.ts";
import { smallPlan } from "../load/test-support/load-plan.ts";
import { ofType, readHistory } from "../load/test-support/read-history.ts";
import { readServiceFile } from "./read-service-file.ts";
import { FOREIGN_FILE, ForeignService, type Behaviour } from "./test-support/foreign-service.ts";

let service: ForeignService;
let folder: string;
beforeAll(async () => {
  service = await ForeignService.start();
  folder = await mkdtemp(join(tmpdir(), "service-engine-"));
});
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true });
});
beforeEach(() => service.reset());

const load = async (
  text = FOREIGN_FILE,
  changes: Partial<LoadPlan> = {},
): Promise<Observation[]> => {
  const path = join(folder, "sse-lab.service.yaml");
  await writeFile(path, text);
  const { protocol } = await readServiceFile(path, {});
  const plan = smallPlan(service.url, {
    sessions: 1,
    service: protocol,
    ledger: false,
    ...changes,
  });
  const limits = { leadMs: 20, backOffBaseMs: 10 };
  const { segments } = await runLoad(plan, { historyDir: folder, limits });
  return readHistory(segments);
};

/** For work whose end is never seen. */
const SHORT_DRAIN = { drainS: 1 };

const seqs = (history: readonly Observation[]): number[] =>
  ofType(history, "received").map(({ seq }) => seq);
const misfits = (history: readonly Observation[]): string[] =>
  ofType(history, "misfit").map(({ key, message }) => `${key}: ${message}`);

test("a foreign service is followed from its session to its last event", async () => {
  const history = await load();
  expect(seqs(history)).toEqual([1, 2, 3, 4, 5]);
  const received = ofType(history, "received");
  expect(received.map(({ terminal = false }) => terminal)).toEqual([
    false,
    false,
    false,
    false,
    true,
  ]);
  expect(received.map(({ total }) => total)).toEqual([5, ...Array<undefined>(4).fill(undefined)]);
  for (const { publishedMs, atMs } of received) {
    expect(publishedMs).toBeGreaterThan(atMs - 5_000);
    expect(publishedMs).toBeLessThanOrEqual(atMs + 2);
  }
  expect(ofType(history, "engine")).toMatchObject([{ publishClockErrorMs: 2 }]);
  expect(ofType(history, "planned")).toMatchObject([{ events: 0 }]);
  expect(ofType(history, "connected")).toMatchObject([{ instance: "one", resume: "none" }]);
  expect(ofType(history, "disconnected")).toMatchObject([{ reason: "finished" }]);
  expect(misfits(history)).toEqual([]);
  const [, stream, start] = service.requests;
  expect(stream).toMatchObject({
    url: "/jobs/j1/stream",
    headers: { authorization: "Bearer secret" },
  });
  expect(start).toMatchObject({ url: "/jobs/j1/run", body: '{"steps":5}' });
});

describe("a session", () => {
  test("of a client that chooses its id needs no request", async () => {
    const history = await load(FOREIGN_FILE.replace(/session:[^]*stream:\n/, "stream:\n"));
    expect(seqs(history)).toEqual([1, 2, 3, 4, 5]);
    expect(service.requests[0]?.url).toMatch(/^\/jobs\/[0-9a-f-]{36}\/stream$/);
    const [request] = ofType(history, "request");
    expect(request).toMatchObject({ request: "start", status: 202 });
    expect(service.requests[0]?.url).toContain(request?.sessionId);
  });

  test("can take its values from a header and a cookie", async () => {
    service.reset({
      begin: (_, response) =>
        void response
          .writeHead(201, { location: "/jobs/j7?x=1", "set-cookie": ["a=1", "key=k7; Path=/"] })
          .end(),
    });
    const text = FOREIGN_FILE.replace(
      "id: /job",
      'id: {header: Location, pattern: "/jobs/${value}?x=1"}',
    ).replace("key: /key", "key: {cookie: key}");
    expect(seqs(await load(text))).toEqual([1, 2, 3, 4, 5]);
    expect(service.requests[1]).toMatchObject({
      url: "/jobs/j7/stream",
      headers: { authorization: "Bearer k7", cookie: "a=1; key=k7" },
    });
  });
});

describe("a stream", () => {
  const POSTED = FOREIGN_FILE.replace(/start:[^]*events:\n/, "events:\n").replace(
    "request: GET /jobs/${session.id}/stream",
    "request: POST /jobs/${session.id}/stream\n  body: {prompt: hi}",
  );

  test("can be opened by the POST that starts the work, and is asked for once", async () => {
    service.reset({
      open: (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write('data: {"n":1,"of":2,"at":1}\n\n');
        response.end('event: done\ndata: {"n":2,"of":2,"at":1}\n\n');
      },
    });
    expect(seqs(await load(POSTED))).toEqual([1, 2]);
    expect(service.requests.map(({ method, body }) => [method, body])).toEqual([
      ["POST", ""],
      ["POST", '{"prompt":"hi"}'],
    ]);
  });

  test("can be confirmed by its first byte, and is heard through noise", async () => {
    service.reset({
      open: (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(": hi\n\nevent: ping\ndata: 1\n\n");
      },
    });
    const history = await load(FOREIGN_FILE.replace("  noise:", "  confirmed: byte\n  noise:"));
    expect(seqs(history)).toEqual([1, 2, 3, 4, 5]);
    expect(misfits(history)).toEqual([]);
  });
});

/** What replaces what in the service file, how the service behaves, and what is recorded. */
const ENDS: [string, [string, string], Partial<Behaviour>, number[], number][] = [
  [
    "a marker without a number",
    ["[done]", '[{data: "[DONE]"}]'],
    { event: plain, after: (stream) => void stream.write("data: [DONE]\n\n") },
    [1, 2, 3, 4, 5],
    1,
  ],
  ["a field", ["[done]", "[{pointer: /n, equals: [4, 5]}]"], { event: plain }, [1, 2, 3, 4], 0],
  ["a field with any value", ["[done]", "[{pointer: /of}]"], { event: plain }, [1], 0],
  ["the number that the plan says", ["/of\n", "plan\n"], {}, [1, 2, 3, 4, 5], 0],
  ["the number of the events", ["  terminal: [done]\n", ""], { event: plain }, [1, 2, 3, 4, 5], 0],
  [
    "an error event without a number",
    ["[done]", "[done]\n  error: [failed]"],
    { event: (n) => (n === 2 ? "event: failed\ndata: no\n\n" : plain(n, 5)) },
    [1],
    1,
  ],
];

function plain(n: number, total: number): string {
  return `data: ${JSON.stringify({ n, of: total, at: Date.now() })}\n\n`;
}

test.each(ENDS)(
  "the work can end with %s",
  async (_, [from, to], behaviour, numbers, terminals) => {
    service.reset(behaviour);
    const history = await load(FOREIGN_FILE.replace(from, to));
    expect(seqs(history)).toEqual(numbers);
    expect(ofType(history, "terminal")).toHaveLength(terminals);
    expect(ofType(history, "disconnected")).toMatchObject([{ reason: "finished" }]);
    expect(misfits(history)).toEqual([]);
  },
);

test("events without numbers are counted as they arrive", async () => {
  const text = FOREIGN_FILE.replace("{pointer: /n}", "").replace(
    "  sequence:\n    pointer: /n\n  total: /of\n",
    "  sequence: none\n",
  );
  const history = await load(text);
  expect(seqs(history)).toEqual([1, 2, 3, 4]);
  expect(ofType(history, "terminal")).toHaveLength(1);
});

/** What does not fit, by the key of the service file. */
const MISFITS: [string, [string, string], Partial<Behaviour>, RegExp][] = [
  [
    "a value that the answer lacks",
    ["/key", "/token"],
    {},
    /^session\.values\.key: POST \/jobs answered 201 without \/token$/,
  ],
  [
    "an event without a number",
    ["", ""],
    { event: () => "event: log\ndata: hi\n\n" },
    /^events\.sequence: event "log" has no number there/,
  ],
  [
    "numbers that begin again",
    ["", ""],
    { event: (n, of) => plain(((n - 1) % 2) + 1, of) },
    /^events\.run: numbers begin again/,
  ],
  [
    "a number beyond the end",
    ["", ""],
    { event: (n) => plain(n, 3) },
    /^events\.total: event 4 of a run of 3$/,
  ],
  [
    "an event without a time",
    ["/at", "/time"],
    {},
    /^events\.published: an event has no time there$/,
  ],
];

test.each(MISFITS)(
  "%s is recorded once, with the key",
  async (_, [from, to], behaviour, message) => {
    service.reset(behaviour);
    const found = misfits(await load(FOREIGN_FILE.replace(from, to), SHORT_DRAIN));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  },
);

test("a compressed stream is refused by name", async () => {
  service.reset({
    open: (_, response) =>
      void response
        .writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" })
        .end(),
  });
  expect(ofType(await load(FOREIGN_FILE, SHORT_DRAIN), "connect-failed")[0]).toMatchObject({
    status: 200,
    reason: "content encoding gzip",
  });
});

test("a browser's EventSource is refused where it cannot open the stream", async () => {
  await expect(load(FOREIGN_FILE, { client: "eventsource" })).rejects.toThrow(
    "a browser's EventSource cannot open the stream of jobs",
  );
});
