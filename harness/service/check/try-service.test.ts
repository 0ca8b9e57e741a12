import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeProblem } from "../problem.ts";
import { readServiceFile } from "../read-service-file.ts";
import { FOREIGN_FILE, ForeignService, type Behaviour } from "../test-support/foreign-service.ts";
import { tryService } from "./try-service.ts";

let service: ForeignService;
let folder: string;
beforeAll(async () => {
  service = await ForeignService.start();
  folder = await mkdtemp(join(tmpdir(), "service-check-"));
});
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true });
});

interface Tried {
  steps: string[];
  /** Undefined: everything fits. */
  line: string | undefined;
}

const tryIt = async (text: string, behaviour: Partial<Behaviour>, url?: string): Promise<Tried> => {
  service.reset(behaviour);
  const path = join(folder, "sse-lab.service.yaml");
  await writeFile(path, text);
  const read = await readServiceFile(path, {});
  const steps: string[] = [];
  const problem = await tryService(read, {
    url: url ?? service.url,
    events: 5,
    patienceMs: 1_000,
    onStep: (step, what) => steps.push(`${step}: ${what}`),
  });
  const line = problem && describeProblem(read.source, problem).replace(`${path}:`, "");
  return { steps, line };
};

const EVENT_STREAM = { "content-type": "text/event-stream" };
const opens = (open: (response: ServerResponse) => void): Partial<Behaviour> => ({
  open: (_, response) => open(response),
});
const answers = (status: number, headers: Record<string, string>, text = "") =>
  opens((response) => response.writeHead(status, headers).end(text));
const data = (value: object, name = ""): string =>
  `${name === "" ? "" : `event: ${name}\n`}data: ${JSON.stringify(value)}\n\n`;
const at = (): number => Date.now();

test("a service that fits is followed step by step", async () => {
  const { steps, line } = await tryIt(FOREIGN_FILE, {});
  expect(line).toBeUndefined();
  expect(steps).toEqual([
    "session: POST /jobs answered 201: id j1, key (6 characters)",
    "stream: GET /jobs/${session.id}/stream answered 200 and is confirmed by the response head",
    "start: POST /jobs/${session.id}/run answered 202",
    "events: 5 followed, the last with number 5 of its run; seen: message (4), done (1)",
  ]);
});

test("a run that goes on fits, if the caller has seen enough", async () => {
  const path = join(folder, "sse-lab.service.yaml");
  await writeFile(path, FOREIGN_FILE);
  const read = await readServiceFile(path, {});
  const followed = async (behaviour: Partial<Behaviour>): Promise<string | undefined> => {
    service.reset({ ...behaviour, event: (n) => (n <= 2 ? data({ n, of: 99, at: at() }) : "") });
    const given = { url: service.url, events: 5, patienceMs: 400, enoughMs: 100 };
    return (await tryService(read, { ...given, onStep: () => {} }))?.message;
  };
  const more = (response: ServerResponse): void => {
    let n = 3;
    const timer = setInterval(() => response.write(data({ n: n++, of: 99, at: at() })), 20);
    response.once("close", () => clearInterval(timer));
  };
  expect(await followed({ after: more })).toBeUndefined();
  // Silence is not enough.
  expect(await followed({})).toContain("nothing came for 0.4 s without event done");
});

const whole = (n: number, of: number): string => data({ n, of, at: at() }, n === of ? "done" : "");

/** What looks odd and is right all the same. */
describe.each<[string, Partial<Behaviour>]>([
  ["line ends of CRLF", { event: (n, of) => whole(n, of).replaceAll("\n", "\r\n") }],
  ["line ends of CR", { event: (n, of) => whole(n, of).replaceAll("\n", "\r") }],
  [
    "a byte order mark",
    opens((response) => {
      response.writeHead(200, EVENT_STREAM).write("\uFEFF: hi\n\n");
    }),
  ],
  [
    "events of 1 MB",
    {
      event: (n, of) =>
        data({ n, of, at: at(), text: "x".repeat(1_000_000) }, n === of ? "done" : ""),
    },
  ],
  [
    "unicode in names and data",
    {
      event: (n, of) =>
        `: ✓\n${data({ n, of, at: at(), text: "日本語 🎉" }, n === of ? "done" : "")}`,
    },
  ],
  ["data in several lines", { event: (n, of) => whole(n, of).replace(",", ",\ndata: ") }],
  ["numbers written as text", { event: (n, of) => whole(n, of).replace(/"n":(\d)/, '"n":"$1"') }],
  [
    "heartbeats and noise",
    { event: (n, of) => `: beat\n\nevent: ping\ndata: 1\n\n${whole(n, of)}` },
  ],
  ["a stream that is closed after its end", { after: (stream) => void stream.end() }],
])("%s", (_, behaviour) => {
  test("fits", async () => {
    expect((await tryIt(FOREIGN_FILE, behaviour)).line).toBeUndefined();
  });
});

type Mistake = [
  name: string,
  from: string,
  to: string,
  behaviour: Partial<Behaviour>,
  line: string,
];

/** What replaces what in the service file, what the service does, and the line about it. */
const MISTAKES: Mistake[] = [
  [
    "a path that is not there",
    "POST /jobs\n",
    "POST /job\n",
    {},
    "4:3: session.request: POST /job answered 404: it has no such path",
  ],
  [
    "a session that wants credentials",
    "",
    "",
    { begin: (_, r) => void r.writeHead(401).end() },
    "4:3: session.request: POST /jobs answered 401: it wants to know who asks",
  ],
  [
    "a server that fails",
    "",
    "",
    { begin: (_, r) => void r.writeHead(500).end() },
    "4:3: session.request: POST /jobs answered 500: it failed; look into its log",
  ],
  [
    "another status of success",
    "  values:",
    "  accept: [200]\n  values:",
    {},
    "5:3: session.accept: POST /jobs answered 201; add 201",
  ],
  [
    "a pointer to nothing",
    "/key",
    "/token",
    {},
    "7:5: session.values.key: the answer (201) has no text or number at /token; it has /job, /key",
  ],
  [
    "a session that answers a page",
    "",
    "",
    { begin: (_, r) => void r.writeHead(200, { "content-type": "text/html" }).end("<html>") },
    "6:5: session.values.id: the answer (200) is no JSON: its content type is text/html",
  ],
  [
    "a header that is not there",
    "id: /job",
    "id: {header: location}",
    {},
    "6:5: session.values.id: the answer (201) has no header location",
  ],
  [
    "a redirect to a login",
    "",
    "",
    answers(302, { location: "/login?next=x" }),
    "answered 302: it sends the client to /login?next=x: a login; give session.credentials",
  ],
  [
    "a stream without content",
    "",
    "",
    answers(204, {}),
    "11:3: stream.request: GET /jobs/${session.id}/stream answered 204: no content",
  ],
  [
    "an HTML page with status 200",
    "",
    "",
    answers(200, { "content-type": "text/html; charset=utf-8" }, "<!doctype html>"),
    "content type text/html; charset=utf-8, which is an HTML page",
  ],
  [
    "an HTML error page",
    "",
    "",
    answers(502, { "content-type": "text/html" }, "<h1>Bad Gateway"),
    "answered 502: it failed; look into its log",
  ],
  [
    "JSON in the place of a stream",
    "",
    "",
    answers(200, { "content-type": "application/json" }, "{}"),
    "content type application/json, which is no event stream",
  ],
  [
    "no content type",
    "",
    "",
    answers(200, {}, "data: 1\n\n"),
    "content type missing, which is no event stream",
  ],
  [
    "a compressed stream",
    "",
    "",
    opens((r) =>
      r
        .writeHead(200, { ...EVENT_STREAM, "content-encoding": "gzip" })
        .end(gzipSync("data: 1\n\n")),
    ),
    "content encoding gzip, though the request did not ask for it; turn compression off",
  ],
  [
    "a stream that never answers",
    "",
    "",
    opens(() => {}),
    "11:3: stream.request: GET /jobs/${session.id}/stream: no response head",
  ],
  [
    "a stream that hangs up",
    "",
    "",
    opens((r) => r.destroy()),
    "no response head the stream broke",
  ],
  [
    "a confirmation that never comes",
    "  noise:",
    "  confirmed: {event: hello}\n  noise:",
    opens((r) => r.writeHead(200, EVENT_STREAM).write(data({ n: 1, of: 2, at: at() }, "hi"))),
    '12:3: stream.confirmed: no event "hello"',
  ],
  [
    "a confirmation that lacks a field",
    "  noise:",
    "  confirmed: {event: hello, instance: /pod}\n  noise:",
    opens((r) => r.writeHead(200, EVENT_STREAM).write('event: hello\ndata: {"host":1}\n\n')),
    '12:3: stream.confirmed: event "hello" lacks something that the file says it has; it has /host',
  ],
  [
    "a start that is refused",
    "",
    "",
    { run: (_, r) => void r.writeHead(422).end() },
    "14:3: start.request: POST /jobs/${session.id}/run answered 422: it refuses the body",
  ],
  [
    "a number that is elsewhere",
    "pointer: /n",
    "pointer: /seq",
    {},
    '19:5: events.sequence.pointer: event "message" (id 1, data {"n":1,',
  ],
  [
    "a number that is no number",
    "pointer: /n",
    "pointer: /name",
    { event: (n, of) => data({ name: `a${n}`, of }) },
    'no whole number at /name; it has /name, /of; if it means nothing, add "message" to str',
  ],
  [
    "an id that the pattern does not fit",
    "pointer: /n",
    'id: "${run}-${sequence}"',
    {},
    '19:5: events.sequence.id: event "message" (id 1, data',
  ],
  [
    "events without an id",
    "pointer: /n",
    'id: "${sequence}"',
    { event: whole },
    "has no id; correct it, or",
  ],
  [
    "data that is no JSON",
    "",
    "",
    { event: () => "data: hello\n\n" },
    'event "message" (data hello) is no JSON',
  ],
  [
    "noise that is not named",
    "noise: [ping]",
    "noise: [beat]",
    { event: (n, of) => `event: ping\ndata: 1\n\n${whole(n, of)}` },
    'event "ping" (data 1) has no whole number at /n; it has no fields; if it means noth',
  ],
  [
    "numbers that begin at 0",
    "",
    "",
    { event: (n, of) => data({ n: n - 1, of, at: at() }) },
    "has a number below the first one; add first: 0",
  ],
  [
    "a sequence that begins again",
    "",
    "",
    { event: (n, of) => data({ n: ((n - 1) % 3) + 1, of, at: at() }) },
    "17:1: events.run: numbers begin again within one connection",
  ],
  [
    "a sequence with gaps",
    "",
    "",
    { event: (n, of) => data({ n: 2 * n - 1, of, at: at() }) },
    "after number 1 came 3",
  ],
  [
    "one number for all events",
    "",
    "",
    { event: (_, of) => data({ n: 1, of, at: at() }) },
    "number 1 came twice: it counts something else than events",
  ],
  [
    "a stream that opens too late",
    "",
    "",
    { event: (n, of) => data({ n: n + 7, of, at: at() }) },
    "the first event that came has number 8",
  ],
  [
    "a total that is elsewhere",
    "total: /of",
    "total: /total",
    {},
    "20:3: events.total: the first event has no whole number at /total",
  ],
  [
    "a total that changes",
    "",
    "",
    { event: (n) => data({ n, of: 10 + n, at: at() }) },
    "events.total: an event says",
  ],
  [
    "a total that is not kept",
    "",
    "",
    { event: (n, of) => data({ n, of: 9, at: at() }, n === of ? "done" : "") },
    "20:3: events.total: the run ended with event 5, though it has 9",
  ],
  [
    "a time that is not there",
    "pointer: /at",
    "pointer: /time",
    {},
    '21:3: events.published: event "message" has no unix-ms time at /time',
  ],
  [
    "another clock",
    "unix-ms",
    "unix-s",
    {},
    '23:5: events.published.clock: event "message" was published',
  ],
  [
    "a terminal event that never comes",
    "[done]",
    "[finished]",
    {},
    "nothing came for 1 s without event finished; seen: message (4), done (1), the last with",
  ],
  [
    "a terminal marker that never comes",
    "[done]",
    '[{data: "[DONE]"}]',
    { after: (stream) => void stream.end() },
    "24:3: events.terminal: the server closed the stream without data [DONE]",
  ],
  [
    "a stream that breaks before its end",
    "",
    "",
    {
      event: (n, of) => (n === of ? ": x\n\n" : whole(n, of)),
      after: (stream) => void stream.socket?.resetAndDestroy(),
    },
    "events.terminal: the stream broke",
  ],
  [
    "no empty line at the end",
    "",
    "",
    {
      event: (n, of) => (n === of ? whole(n, of).trimEnd() : whole(n, of)),
      after: (stream) => void stream.end(),
    },
    "the stream ended within an event: an empty line has to follow its last line",
  ],
  [
    "no events at all",
    "",
    "",
    { event: () => ": x\n\n" },
    "events.terminal: nothing came for 1 s without event done; seen: no event",
  ],
];

test.each(MISTAKES)(
  "%s is the one thing that is named",
  async (_, from, to, behaviour, expected) => {
    const { line } = await tryIt(FOREIGN_FILE.replace(from, to), behaviour);
    expect(line).toContain(expected);
    expect(line?.split("\n")).toHaveLength(1);
    // It names the service file's line, key and what to do.
    expect(line).toMatch(/^\d+:\d+: [a-z]+(\.\w+)*: /);
  },
);

test("a service that is not there is named with its address", async () => {
  const { line, steps } = await tryIt(FOREIGN_FILE, {}, "http://127.0.0.1:1");
  expect(line).toContain(
    "nothing answers POST /jobs at http://127.0.0.1:1 (ECONNREFUSED); start the service, or correct --url",
  );
  expect(steps).toEqual([]);
});
