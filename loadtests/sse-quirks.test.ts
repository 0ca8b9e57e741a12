/**
 * The script against a service that misbehaves, through xk6-sse with its flaws, as the double
 * reproduces them.
 */
import type { ServerResponse } from "node:http";
import { beforeAll, describe, expect, test } from "vitest";
import type { ConnectFailedObservation } from "../harness/history/observation.ts";
import type { K6LogRecord } from "../harness/load/portable/k6-log-records.ts";
import {
  connectedFrame,
  ScriptedService,
  type StreamScript,
} from "../harness/load/test-support/scripted-service.ts";
import { countOf, ofKind, runScript, type ScriptRun } from "./test-support/run-script.ts";

interface Context {
  service: ScriptedService;
  run: (env?: Record<string, string>) => Promise<ScriptRun>;
}

/**
 * Events leave at once, whatever the rate: a long plan only keeps a slow machine from running into
 * its drain.
 */
const PATIENT = { RATE: "0.5", DURATION: "10" };

/** Each test has its own service, so that tests can run side by side. */
const withService = (body: (context: Context) => Promise<void>) => async (): Promise<void> => {
  const service = await ScriptedService.start();
  try {
    await body({
      service,
      run: (env = {}) => runScript("sse", { URL: service.url, ...PATIENT, ...env }),
    });
  } finally {
    await service.stop();
  }
};

/** What is seen of one session. */
interface Seen {
  records: K6LogRecord[];
  /** Requests for its stream. */
  streams: ScriptedService["requests"];
}

/** One session for each script, all in one run. */
const runCases = async (
  scripts: readonly StreamScript[],
  env: Record<string, string> = {},
): Promise<{ result: ScriptRun; seen: Seen[] }> => {
  let result: ScriptRun | undefined;
  const requests: ScriptedService["requests"] = [];
  await withService(async ({ service, run }) => {
    service.onStream = (attempt, request, response) =>
      scripts[Number(SESSION.exec(request.url ?? "")?.[1])]?.(attempt, request, response) ?? false;
    result = await run({ SESSIONS: String(scripts.length), ...env });
    requests.push(...service.requests);
  })();
  if (result === undefined) throw new Error("the script did not run");
  const { records } = result;
  const seen = scripts.map((_, index): Seen => {
    const name = ofKind(records, "request").find(
      ({ sessionId }) => sessionId === `id${index}`,
    )?.session;
    return {
      records: records.filter((one) => "session" in one && one.session === name),
      streams: requests.filter(
        ({ url }) => SESSION.exec(url)?.[1] === String(index) && url.includes("/events"),
      ),
    };
  });
  return { result, seen };
};
const SESSION = /sessions\/id(\d+)/;

const EVENT_STREAM = { "content-type": "text/event-stream" };
const frame = (seq: number, type = "section_draft"): string =>
  `id: e1-${seq}\nevent: ${type}\ndata: {"seq":${seq}}\n\n`;

const onFirst =
  (misbehave: (response: ServerResponse) => void): StreamScript =>
  (attempt, _, response) => {
    if (attempt > 1) return false;
    misbehave(response);
    return true;
  };
/**
 * Confirms the first stream and ends it as told, before the pipeline that it waits for is asked
 * for.
 */
const confirmed = (then: (response: ServerResponse) => void): StreamScript =>
  onFirst((response) => {
    response.writeHead(200, EVENT_STREAM);
    response.write(connectedFrame("any"));
    then(response);
  });

const seqs = ({ records }: Pick<ScriptRun, "records">): number[] =>
  ofKind(records, "received").map(({ seq }) => seq);
const ends = ({ records }: Pick<ScriptRun, "records">): string[] =>
  ofKind(records, "disconnected").map(({ reason }) => reason);
const failures = ({ records }: Pick<ScriptRun, "records">): Partial<ConnectFailedObservation>[] =>
  ofKind(records, "connect-failed").map(({ status, reason, fatal }) => ({ status, reason, fatal }));
const streamRequests = ({ requests }: ScriptedService): ScriptedService["requests"] =>
  requests.filter(({ url }) => url.includes("/events"));
const ALL = [1, 2, 3, 4, 5];

describe.concurrent("a session", () => {
  test(
    "is followed to its last event, and is over with it although the service keeps the stream open",
    withService(async ({ run }) => {
      const result = await run();
      expect(seqs(result)).toEqual(ALL);
      expect(ends(result)).toEqual(["finished"]);
      expect(ofKind(result.records, "received").filter(({ terminal }) => terminal)).toHaveLength(1);
      expect(result.records.at(-1)).toMatchObject({ type: "k6-ended", session: "s0" });
      expect({ exitCode: result.exitCode, stderr: result.stderr }).toEqual({
        exitCode: 0,
        stderr: "",
      });
    }),
  );

  test(
    "keeps its cookies and sends its headers as the native engine's retrying client",
    withService(async ({ service, run }) => {
      await run();
      const [stream] = streamRequests(service);
      expect(stream?.headers).toMatchObject({
        accept: "text/event-stream",
        "cache-control": "no-cache",
        "x-session-id": "id0",
        authorization: "Bearer token-of-id0",
        cookie: "create=1",
      });
      expect(stream?.headers).not.toHaveProperty("last-event-id");
      const start = service.requests.find(({ url }) => url.endsWith("/pipeline"));
      expect(start?.headers).toMatchObject({ cookie: "create=1", "x-session-id": "id0" });
    }),
  );

  test(
    "of the eventsource client has its token in the query and no header of its own",
    withService(async ({ service, run }) => {
      const result = await run({ CLIENT: "eventsource" });
      expect(seqs(result)).toEqual(ALL);
      const [stream] = streamRequests(service);
      expect(stream?.url).toBe("/api/sessions/id0/events?token=token-of-id0");
      expect(stream?.headers).not.toHaveProperty("authorization");
      expect(stream?.headers).not.toHaveProperty("x-session-id");
    }),
  );

  test(
    "answers each gate once",
    withService(async ({ service, run }) => {
      const result = await run({ GATES: "2" });
      expect(seqs(result)).toEqual(ALL);
      expect(
        ofKind(result.records, "gate").map(({ gate, state, status }) => [gate, state, status]),
      ).toEqual([
        ["g1", "answered", 202],
        ["g2", "answered", 202],
      ]);
      expect(service.requests.filter(({ url }) => url.endsWith("/gate"))).toHaveLength(2);
      expect([countOf(result, "sse_gates_offered"), countOf(result, "sse_gates_stalled")]).toEqual([
        2, 0,
      ]);
    }),
  );

  test(
    "tries its requests again while the service says not now",
    withService(async ({ service, run }) => {
      service.onPost = (kind, count) => {
        if (kind === "create") return [503, 429, 0][count - 1];
        return kind === "pipeline" && count === 1 ? 502 : undefined;
      };
      const result = await run();
      expect(seqs(result)).toEqual(ALL);
      const answers = ofKind(result.records, "request").filter(
        ({ request }) => request !== "background",
      );
      expect(answers.map(({ request, status }) => [request, status])).toEqual([
        ["create", 503],
        ["create", 429],
        ["create", 0],
        ["create", 201],
        ["start", 502],
        ["start", 202],
      ]);
    }),
  );

  test(
    "that is refused for good ends at once, and its events are not published",
    withService(async ({ service, run }) => {
      service.onPost = () => 403;
      const result = await run();
      expect(streamRequests(service)).toEqual([]);
      expect(result.summary?.runs[0]).toMatchObject({
        due: 5,
        neverPublished: 5,
        stuckStreams: 1,
        verdict: "unknown",
      });
      expect(result.exitCode).toBe(99);
    }),
  );

  test(
    "that never sees its last event is over at the deadline",
    withService(async ({ service, run }) => {
      service.onStream = confirmed(() => {});
      const result = await run({ RATE: "5", DURATION: "1", DRAIN: "1" });
      expect(ends(result)).toEqual(["drained"]);
      expect(ofKind(result.records, "k6-ended")).toHaveLength(1);
      expect(countOf(result, "sse_stuck_streams")).toBe(1);
      expect(result.summary?.runs[0]).toMatchObject({ verdict: "unknown", indeterminate: 5 });
    }),
  );

  test(
    "that never gets an answer to its stream is over at the deadline",
    withService(async ({ service, run }) => {
      service.onStream = () => true;
      const result = await run({ RATE: "5", DURATION: "1", DRAIN: "1" });
      expect(ofKind(result.records, "connected")).toEqual([]);
      expect(ofKind(result.records, "k6-ended")).toHaveLength(1);
    }),
  );
});

const ENDINGS: [string, (response: ServerResponse) => void, string][] = [
  ["ends", (r) => r.end(), "ended"],
  ["is reset in the middle of a chunk", (r) => r.socket?.resetAndDestroy(), "error"],
  ["is cut in the middle of a chunk", (r) => void r.socket?.end("5\r\nda"), "error"],
  [
    "ends after a hint",
    (r) => r.end('event: reconnect\ndata: {"reason":"draining","retryMs":5}\n\n'),
    "hint",
  ],
];

describe("a stream is opened again, with the id of its last event, when it", () => {
  let result: ScriptRun;
  let seen: Seen[];
  beforeAll(async () => {
    const scripts = ENDINGS.map(([, misbehave]) =>
      confirmed((response) => {
        response.write(frame(1));
        setTimeout(() => misbehave(response), 50);
      }),
    );
    ({ result, seen } = await runCases(scripts));
  });

  test.each(ENDINGS.map(([what, , reason], index) => [what, reason, index] as const))(
    "%s",
    (_, reason, index) => {
      const { records, streams } = seen[index]!;
      expect(ends({ records })).toEqual([reason, "finished"]);
      expect(seqs({ records })).toEqual(ALL);
      expect(streams.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "e1-1"]);
    },
  );

  test("goes wrong in any way, and k6 is told", () => {
    expect(countOf(result, "sse_reconnects")).toBe(ENDINGS.length);
    expect(result.k6?.metrics["sse_downtime"]?.values["count"]).toBe(ENDINGS.length);
    expect(countOf(result, "sse_events_duplicated")).toBe(0);
  });
});

/**
 * Ways to go wrong before the stream is confirmed, what that is recorded as, and whether an
 * EventSource tries again.
 */
const BAD_OPENINGS: [
  string,
  (response: ServerResponse) => void,
  { status: number; reason: RegExp },
  boolean,
][] = [
  [
    "answers 502 with a page of HTML",
    (r) =>
      r
        .writeHead(502, { "content-type": "text/html" })
        .end("<html>\n\n<body>Bad\nGateway</body>\n</html>\n"),
    { status: 502, reason: /^status 502$/ },
    false,
  ],
  [
    "answers 503 with what looks like a stream",
    (r) => r.writeHead(503, EVENT_STREAM).end("id: e1-3\ndata: not now\n\n"),
    { status: 503, reason: /^status 503$/ },
    false,
  ],
  [
    "answers with another content type",
    (r) => r.writeHead(200, { "content-type": "text/plain" }).end("data: x\n\n"),
    { status: 200, reason: /^content type text\/plain$/ },
    false,
  ],
  ["hangs up", (r) => r.destroy(), { status: 0, reason: /EOF|reset|closed/ }, true],
  [
    "ends before it confirms the stream",
    (r) => r.writeHead(200, EVENT_STREAM).end(": hi\n\n"),
    { status: 200, reason: /^ended before the stream was confirmed$/ },
    true,
  ],
  [
    "breaks off before it confirms the stream",
    (r) => {
      r.writeHead(200, EVENT_STREAM).write(": hi\n\n");
      setTimeout(() => r.destroy(), 50);
    },
    { status: 200, reason: /EOF before the stream was confirmed$/ },
    true,
  ],
  [
    "sends a malformed confirmation",
    (r) => r.writeHead(200, EVENT_STREAM).write("event: connected\ndata: {}\n\n"),
    { status: 200, reason: /^malformed connected event$/ },
    true,
  ],
];

describe.each(["retrying", "eventsource"])(
  "the %s client lives or dies by its rules when the service",
  (client) => {
    let seen: Seen[];
    beforeAll(async () => {
      ({ seen } = await runCases(
        BAD_OPENINGS.map(([, misbehave]) => onFirst(misbehave)),
        { CLIENT: client },
      ));
    });

    test.each(
      BAD_OPENINGS.map(
        ([what, , failure, survives], index) => [what, failure, survives, index] as const,
      ),
    )("%s", (_, failure, comesBack, index) => {
      const { records, streams } = seen[index]!;
      const survives = client === "retrying" || comesBack;
      expect(failures({ records })).toEqual([
        {
          status: failure.status,
          reason: expect.stringMatching(failure.reason) as string,
          fatal: !survives,
        },
      ]);
      expect(seqs({ records })).toEqual(survives ? ALL : []);
      expect(ofKind(records, "stray")).toEqual([]);
      expect(ofKind(records, "k6-ended")).toHaveLength(1);
      expect(streams.map(({ headers }) => headers["last-event-id"] ?? "")).toEqual(
        survives ? ["", ""] : [""],
      );
    });
  },
);

test("no client comes back sooner than the service asked for in its confirmation or its hint", async () => {
  const retryMs = 400;
  const begin = (response: ServerResponse): ServerResponse => response.writeHead(200, EVENT_STREAM);
  const { seen } = await runCases(
    [
      onFirst(
        (response) => void begin(response).end(`retry: 20\n\n${connectedFrame("any", retryMs)}`),
      ),
      onFirst((response) => {
        const hint = `event: reconnect\ndata: {"reason":"draining","retryMs":${retryMs}}\n\n`;
        begin(response).end(`${connectedFrame("any")}${hint}`);
      }),
    ],
    { CLIENT: "eventsource" },
  );
  for (const { records } of seen) {
    const [ended] = ofKind(records, "disconnected");
    const again = ofKind(records, "connected")[1];
    // k6's clock may show whole milliseconds.
    expect((again?.atMs ?? 0) - (ended?.atMs ?? Infinity)).toBeGreaterThanOrEqual(retryMs - 1);
  }
});

/**
 * What of a stream the extension reads otherwise than the standard has it: what the script makes of
 * it.
 */
const READINGS: [string, string, { seqs: number[]; lastId: string; strays?: string[] }][] = [
  ["comments are no events", ": heartbeat\n\n:\n\n: one\n: two\n\n", { seqs: [], lastId: "" }],
  ["a lone retry is no event", "retry: 20\n\n", { seqs: [], lastId: "" }],
  ["empty blocks are no events", "\n\n\n\n", { seqs: [], lastId: "" }],
  [
    "an event with empty data is dropped",
    "id: e1-1\nevent: section_draft\ndata:\n\n",
    { seqs: [], lastId: "e1-1" },
  ],
  ["a lone id counts for the next connection", "id: e1-1\n\n", { seqs: [], lastId: "e1-1" }],
  [
    "CRs of CRLF are no part of id and name",
    `${frame(1).replaceAll("\n", "\r\n")}: heartbeat\r\n\r\n`,
    { seqs: [1], lastId: "e1-1" },
  ],
  [
    "data of several lines is one event",
    'id: e1-1\nevent: section_draft\ndata: {"seq":\r\ndata: 1}\n\n',
    { seqs: [1], lastId: "e1-1" },
  ],
  [
    "a line that makes no sense is skipped",
    `nonsense\n\uFEFF: bom\ndata\n\n${frame(1)}`,
    { seqs: [1], lastId: "e1-1" },
  ],
  [
    "an unfinished block is dropped",
    `${frame(1)}id: e1-2\nevent: section_draft\ndata: {}\n`,
    { seqs: [1], lastId: "e1-1" },
  ],
  [
    "an event that is none of a run is a stray",
    "event: surprise\ndata: x\n\ndata: y\n\n",
    { seqs: [], lastId: "", strays: ["surprise", "message"] },
  ],
];

describe("on a stream", () => {
  let result: ScriptRun;
  let seen: Seen[];
  beforeAll(async () => {
    const scripts = READINGS.map(([, text]) =>
      confirmed((response) => {
        response.write(text);
        // The pipeline's own events come by the second stream.
        setTimeout(() => response.end(), 50);
      }),
    );
    ({ result, seen } = await runCases(scripts));
  });

  test.each(READINGS.map(([what, , expected], index) => [what, expected, index] as const))(
    "%s",
    (_, { seqs: expected, lastId, strays = [] }, index) => {
      const { records, streams } = seen[index]!;
      const first = records.filter((one) => "connection" in one && one.connection === 1);
      expect(seqs({ records: first })).toEqual(expected);
      expect(ofKind(first, "stray").map(({ name }) => name)).toEqual(strays);
      expect(streams[1]?.headers["last-event-id"] ?? "").toBe(lastId);
      expect(ends({ records })).toEqual(["ended", "finished"]);
    },
  );

  test("strays fail the run as unexpected, and nothing else is counted", () => {
    expect(countOf(result, "sse_events_unexpected")).toBe(2);
    expect(countOf(result, "sse_events_duplicated")).toBe(0);
    expect(result.exitCode).toBe(99);
  });
});

test("what is missing below the highest number is lost, and what came by a replay is recovered", async () => {
  const at = (): number => Number(process.hrtime.bigint()) / 1e6;
  const told = (id: number, seq: number, publishedMs: number, type = "section_draft"): string => {
    const event = {
      sessionId: `id${id}`,
      epoch: "e1",
      seq,
      instance: "scripted",
      intendedMs: publishedMs,
      publishedMs,
    };
    return `id: e1-${seq}\nevent: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
  };
  let cutMs = 0;
  const script =
    (id: number, second: (firstMs: number) => string): StreamScript =>
    (attempt, _, response) => {
      response.writeHead(200, EVENT_STREAM);
      response.write(connectedFrame("any"));
      if (attempt > 1) {
        response.end(second(cutMs));
        return true;
      }
      cutMs = at();
      response.write(told(id, 1, cutMs));
      setTimeout(() => response.end(), 100);
      return true;
    };
  const { result, seen } = await runCases([
    script(0, () => told(0, 4, at()) + told(0, 5, at(), "pipeline_complete")),
    script(
      1,
      (firstMs) =>
        [2, 3, 4].map((seq) => told(1, seq, firstMs + seq)).join("") +
        told(1, 5, at(), "pipeline_complete"),
    ),
    // Of another session, whatever number it bears.
    script(
      2,
      () => told(9, 7, at()).replace("e1-7", "e2-1") + told(2, 5, at(), "pipeline_complete"),
    ),
  ]);
  expect(seen.map(seqs)).toEqual([[1, 4, 5], ALL, [1, 1, 5]]);
  const run = result.summary?.runs[0];
  expect(run).toMatchObject({
    due: 15,
    lost: 5,
    recovered: 3,
    delivered: 7,
    indeterminate: 0,
    unexpected: 1,
  });
  expect(run?.lostByCause).toMatchObject({ unexplained: 0 });
  expect(result.k6?.metrics["sse_event_latency"]?.values["count"]).toBe(7);
  expect(result.exitCode).toBe(99);
});

test("a byte order mark, a redirect, and events after the last one do no harm", async () => {
  const { seen } = await runCases([
    onFirst((response) => {
      response.writeHead(200, EVENT_STREAM);
      response.end(`\uFEFFretry: 20\n\n${connectedFrame("any")}${frame(1)}`);
    }),
    (_attempt, request, response) => {
      if (request.url?.includes("moved") === true) return false;
      response.writeHead(307, { location: `${request.url ?? ""}?moved` }).end();
      return true;
    },
    confirmed((response) => {
      response.write(`${frame(1, "pipeline_complete")}${frame(2)}event: late\ndata: x\n\n`);
    }),
  ]);
  expect(seen.map(seqs)).toEqual([ALL, ALL, [1]]);
  expect(seen.map(ends)).toEqual([["ended", "finished"], ["finished"], ["finished"]]);
  expect(seen.flatMap(failures)).toEqual([]);
  expect(seen.flatMap(({ records }) => ofKind(records, "stray"))).toEqual([]);
});
