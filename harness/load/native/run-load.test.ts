import type { ServerResponse } from "node:http";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { nowMs } from "../../../common/clock.ts";
import type { Observation } from "../../history/observation.ts";
import type { EngineLimits } from "../portable/engine-limits.ts";
import type { ClientModel, LoadPlan, LoadProgress } from "../portable/load-plan.ts";
import { type LoadResult, runLoad } from "./run-load.ts";
import { smallPlan } from "../test-support/load-plan.ts";
import { ofType, readHistory } from "../test-support/read-history.ts";
import {
  connectedFrame,
  ScriptedService,
  type StreamScript,
} from "../test-support/scripted-service.ts";

let service: ScriptedService;
let historyDir: string;
beforeEach(async () => {
  service = await ScriptedService.start();
  historyDir = await mkdtemp(join(tmpdir(), "load-test-"));
});
afterEach(async () => {
  await service.stop();
  await rm(historyDir, { recursive: true });
});

/** Short waits, so that failing clients are seen failing soon. */
const LIMITS: Partial<EngineLimits> = {
  leadMs: 20,
  backOffBaseMs: 10,
  eventSourceRetryMs: 20,
};

/** Where silence is the fault. Elsewhere, what is slow on a busy host is not broken. */
const IMPATIENT: Partial<EngineLimits> = { headTimeoutMs: 500, idleTimeoutMs: 500 };

const PATIENCE = { timeout: 20_000, interval: 20 };

const load = async (
  changes: Partial<LoadPlan> = {},
  limits: Partial<EngineLimits> = {},
): Promise<Observation[]> => {
  const plan = smallPlan(service.url, { sessions: 1, ...changes });
  const { segments } = await runLoad(plan, { historyDir, limits: { ...LIMITS, ...limits } });
  return readHistory(segments);
};
const seqs = (history: Observation[]): number[] =>
  ofType(history, "received").map((one) => one.seq);

const startStream = (response: ServerResponse, frames: string): void => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(connectedFrame("any"));
  response.write(frames);
};
const firstAttempt =
  (misbehave: (response: ServerResponse) => void): StreamScript =>
  (attempt, _request, response) => {
    if (attempt > 1) return false;
    misbehave(response);
    return true;
  };

/**
 * Ways to go wrong before the stream is confirmed: what the failed attempt is recorded as, and who
 * survives it.
 */
const BAD_OPENINGS: [
  string,
  (response: ServerResponse) => void,
  { status: number; reason: RegExp },
  ClientModel[],
][] = [
  [
    "answers 502",
    (r) => r.writeHead(502).end(),
    { status: 502, reason: /^status 502$/ },
    ["retrying"],
  ],
  [
    "answers 204",
    (r) => r.writeHead(204).end(),
    { status: 204, reason: /^status 204$/ },
    ["retrying"],
  ],
  [
    "redirects",
    (r) => r.writeHead(307, { location: "/" }).end(),
    { status: 307, reason: /^status 307$/ },
    ["retrying"],
  ],
  [
    "answers with another content type",
    (r) => r.writeHead(200, { "content-type": "text/event-streams" }).end("data: x\n\n"),
    { status: 200, reason: /^content type text\/event-streams$/ },
    ["retrying"],
  ],
  [
    "never answers",
    () => {},
    { status: 0, reason: /^no response within/ },
    ["retrying", "eventsource"],
  ],
  [
    "hangs up",
    (r) => r.destroy(),
    { status: 0, reason: /closed|ECONNRESET/ },
    ["retrying", "eventsource"],
  ],
  [
    "resets",
    (r) => r.socket?.resetAndDestroy(),
    { status: 0, reason: /ECONNRESET/ },
    ["retrying", "eventsource"],
  ],
  [
    "talks nonsense",
    (r) => r.socket?.end("SSH-2.0-x\r\n\r\n"),
    { status: 0, reason: /^not HTTP/ },
    ["retrying", "eventsource"],
  ],
  [
    "ends before it confirms the stream",
    (r) => r.writeHead(200, { "content-type": "text/event-stream" }).end(": hi\n\n"),
    { status: 200, reason: /before the stream was confirmed$/ },
    ["retrying", "eventsource"],
  ],
  [
    "sends a malformed confirmation",
    (r) =>
      r
        .writeHead(200, { "content-type": "text/event-stream" })
        .write("event: connected\ndata: {}\n\n"),
    { status: 200, reason: /^malformed connected event$/ },
    ["retrying", "eventsource"],
  ],
];

describe.each(["retrying", "eventsource"] as const)("the %s client", (client) => {
  test("follows a whole run and leaves after the terminal event", async () => {
    const history = await load({ client });
    expect(seqs(history)).toEqual([1, 2, 3, 4, 5]);
    expect(ofType(history, "received").map((one) => one.terminal ?? false)).toEqual([
      false,
      false,
      false,
      false,
      true,
    ]);
    expect(ofType(history, "disconnected")).toMatchObject([{ connection: 1, reason: "finished" }]);
  });

  test.each(BAD_OPENINGS)(
    "lives or dies by its rules when the service %s",
    async (fault, misbehave, failure, survivors) => {
      service.onStream = firstAttempt(misbehave);
      const history = await load({ client }, fault === "never answers" ? IMPATIENT : {});
      const survives = survivors.includes(client);
      const { status, reason } = failure;
      expect(ofType(history, "connect-failed")).toMatchObject([
        {
          connection: 1,
          status,
          reason: expect.stringMatching(reason) as string,
          fatal: !survives,
        },
      ]);
      expect(seqs(history)).toEqual(survives ? [1, 2, 3, 4, 5] : []);
      expect(ofType(history, "connected")).toHaveLength(survives ? 1 : 0);
    },
  );

  test.each<[string, (response: ServerResponse) => void, string]>([
    ["ends", (r) => r.end(), "ended"],
    ["is reset in the middle of a chunk", (r) => r.socket?.resetAndDestroy(), "error"],
    ["is cut in the middle of a chunk", (r) => void r.socket?.end("5\r\nda"), "error"],
    ["sends a garbage chunk size", (r) => r.socket?.write("xyz\r\n"), "error"],
    ["falls silent", () => {}, "error"],
    [
      "ends after a hint",
      (r) => r.end('event: reconnect\ndata: {"reason":"draining","retryMs":5}\n\n'),
      "hint",
    ],
  ])("comes back with its last event id when a stream %s", async (fault, misbehave, reason) => {
    service.onStream = firstAttempt((response) => {
      startStream(response, "id: e1-1\nevent: stage_start\ndata: {}\n\n");
      setTimeout(() => misbehave(response), 50);
    });
    const history = await load({ client }, fault === "falls silent" ? IMPATIENT : {});
    expect(ofType(history, "disconnected")).toMatchObject([
      { connection: 1, reason },
      { connection: 2, reason: "finished" },
    ]);
    expect(ofType(history, "connected").map((one) => one.connection)).toEqual([1, 2]);
    expect(seqs(history)).toEqual([1, 2, 3, 4, 5]);
    const opens = service.requests.filter((request) => request.url.includes("/events"));
    expect(opens.map((request) => request.headers["last-event-id"])).toEqual([undefined, "e1-1"]);
  });

  test("answers every gate once", async () => {
    const history = await load({ client, gates: 3 });
    expect(ofType(history, "gate")).toMatchObject(
      ["g1", "g2", "g3"].map((gate) => ({ gate, state: "answered", status: 202 })),
    );
    expect(seqs(history)).toEqual([1, 2, 3, 4, 5]);
  });

  test("asks again after a 404 of the router, and takes one of an instance as final", async () => {
    service.onPost = (kind, count) =>
      kind === "create" ? (["no route", undefined, 404] as const)[count - 1] : undefined;
    const history = await load({ client, sessions: 2 });
    const creates = ofType(history, "request").filter((one) => one.request === "create");
    expect(creates.map(({ status }) => status).sort()).toEqual([201, 404, 404]);
  });

  test("retries a failed POST, whatever its stream does with failures", async () => {
    service.onPost = (_, count) => [500, 502, 503, 429, 0][count - 1];
    const history = await load({ client, gates: 1, durationS: 2, eventsPerSecond: 2.5 });
    expect(seqs(history)).toEqual([1, 2, 3, 4, 5]);
    const statuses = (kind: string): number[] =>
      ofType(history, "request")
        .filter((one) => one.request === kind)
        .map((one) => one.status);
    expect(statuses("create")).toEqual([500, 502, 503, 429, 0, 201]);
    expect(statuses("start")).toEqual([500, 502, 503, 429, 0, 202]);
    expect(statuses("gate")).toEqual([500, 502, 503, 429, 0, 202]);
    const creates = ofType(history, "request").filter((one) => one.request === "create");
    expect(creates.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6]);
    // Without an answer there is a reason, which names neither a URL nor a token.
    expect(creates.map(({ reason }) => reason)).toEqual([
      ...Array<undefined>(4).fill(undefined),
      expect.stringMatching(/^[A-Z_]+$/),
      undefined,
    ]);
    for (const [index, { sentMs, atMs }] of creates.entries()) {
      expect(sentMs).toBeLessThanOrEqual(atMs);
      expect(sentMs).toBeGreaterThanOrEqual(creates[index - 1]?.atMs ?? 0);
    }
  });

  test("identifies itself as its browser could", async () => {
    await load({ client });
    const stream = service.requests.find((request) => request.url.includes("/events"));
    const start = service.requests.find((request) => request.url.endsWith("/pipeline"));
    expect(start?.headers).toMatchObject({
      "x-session-id": "id0",
      authorization: "Bearer token-of-id0",
      cookie: "create=1",
    });
    expect(stream?.headers).toMatchObject({ accept: "text/event-stream", cookie: "create=1" });
    const fetched = client === "retrying";
    expect(stream?.url).toBe(
      fetched ? "/api/sessions/id0/events" : "/api/sessions/id0/events?token=token-of-id0",
    );
    expect(stream?.headers["x-session-id"]).toBe(fetched ? "id0" : undefined);
    expect(stream?.headers.authorization).toBe(fetched ? "Bearer token-of-id0" : undefined);
  });
});

test("waits for the whole drain when a stream never sees its terminal event, and says who closed it", async () => {
  service.onStream = (_attempt, _request, response) => {
    startStream(response, "");
    const heartbeat = setInterval(() => response.write(": alive\n\n"), 50);
    response.on("close", () => clearInterval(heartbeat));
    return true;
  };
  const history = await load({ drainS: 1 });
  expect(ofType(history, "disconnected")).toMatchObject([{ reason: "drained" }]);
  const [, , drainStarted, drainEnded] = ofType(history, "phase");
  expect(drainEnded!.atMs - drainStarted!.atMs).toBeGreaterThanOrEqual(990);
});

test("records what is none of a run, and neither control events nor comments", async () => {
  service.onStream = firstAttempt((response) => {
    startStream(
      response,
      [
        ": heartbeat\n\n",
        "event: ping\ndata: 1\n\n",
        "data: without a name\n\n",
        "id: e1-0\nevent: chat_message\ndata: {}\n\n",
        'event: reconnect\ndata: {"reason":"draining","retryMs":10}\n\n',
        "id: chat1-7\nevent: chat_message\ndata: {}\n\n",
        "id: e1-1\nevent: pipeline_complete\ndata: {}\n\n",
      ].join(""),
    );
  });
  const history = await load();
  const strays = ofType(history, "stray").map(({ session, connection, name }) => [
    session,
    connection,
    name,
  ]);
  expect(strays).toEqual([
    ["s0", 1, "ping"],
    ["s0", 1, "message"],
    ["s0", 1, "chat_message"],
  ]);
  expect(ofType(history, "received").map(({ epoch, seq }) => [epoch, seq])).toEqual([
    ["chat1", 7],
    ["e1", 1],
  ]);
});

test("a 409 that names the running epoch counts as started, any other refusal settles the session", async () => {
  service.onPost = (kind) => (kind === "pipeline" ? 409 : undefined);
  const history = await load({ drainS: 600 });
  expect(ofType(history, "request").filter((one) => one.request === "start")).toMatchObject([
    { status: 409 },
  ]);
  expect(ofType(history, "disconnected")).toMatchObject([{ reason: "drained" }]);
});

describe("a stationary load", () => {
  const stationary = {
    arrival: "stationary",
    sessions: 4,
    durationS: 1.5,
    pipelineS: 0.4,
    warmUpS: 0.5,
    rampS: 0.2,
  } as const;

  test("begins to measure after the warm-up, while sessions come and go", async () => {
    const history = await load(stationary);
    const phases = ofType(history, "phase");
    expect(phases.map(({ phase }) => phase)).toEqual([
      "load-started",
      "loaded",
      "measured",
      "drain-started",
      "drain-ended",
    ]);
    const [started, , measured] = phases;
    expect(measured!.atMs - started!.atMs).toBeGreaterThanOrEqual(500);
    const planned = ofType(history, "planned");
    expect(planned.length).toBeGreaterThan(2 * stationary.sessions);
    expect(planned.at(-1)!.arriveMs).toBeGreaterThan(measured!.atMs);
    const due = planned.reduce((sum, { events }) => sum + events, 0);
    expect(ofType(history, "received")).toHaveLength(due);
  });

  test("has users who give up after some tries", async () => {
    service.onPost = (kind) => (kind === "create" ? 503 : undefined);
    const history = await load(
      { ...stationary, sessions: 1, durationS: 2 },
      { requestAttempts: 3 },
    );
    const tries = ofType(history, "request").filter((one) => one.request === "create");
    const first = tries.filter(({ session }) => session === "s0");
    expect(first.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(ofType(history, "connected")).toEqual([]);
  });
});

test("every try to open a stream tells when it was sent", async () => {
  service.onStream = firstAttempt((response) => void response.writeHead(502).end());
  const history = await load();
  const [failed] = ofType(history, "connect-failed");
  const [connected] = ofType(history, "connected");
  expect(failed!.attemptMs).toBeLessThanOrEqual(failed!.atMs);
  expect(connected!.attemptMs).toBeGreaterThanOrEqual(failed!.atMs);
  expect(connected!.attemptMs).toBeLessThanOrEqual(connected!.atMs);
});

test("writes the plan first and the same sessions for the same seed", async () => {
  const first = ofType(await load({ sessions: 5 }), "planned");
  const second = ofType(await load({ sessions: 5 }), "planned");
  const shape = (planned: typeof first): unknown[] =>
    planned.map(({ session, events, arriveMs }) => [
      session,
      events,
      Math.round(arriveMs - planned[0]!.arriveMs),
    ]);
  expect(shape(first)).toEqual(shape(second));
  expect(first.map((one) => one.session)).toEqual(["s0", "s1", "s2", "s3", "s4"]);
});

test("spreads sessions over worker threads with one segment each", async () => {
  const plan = smallPlan(service.url, { sessions: 7 });
  const result = await runLoad(plan, { historyDir, limits: { sessionsPerWorker: 3 } });
  const history = await readHistory(result.segments);
  expect(result.engine.workers).toBe(3);
  expect(result.segments).toHaveLength(4);
  expect(result.received).toBe(35);
  expect(new Set(ofType(history, "received").map((one) => one.session)).size).toBe(7);
});

test("reports progress that ends with everything received and nothing overdue", async () => {
  const seen: LoadProgress[] = [];
  await runLoad(smallPlan(service.url), {
    historyDir,
    limits: { progressMs: 50 },
    onProgress: (p) => seen.push(p),
  });
  expect(seen.length).toBeGreaterThan(2);
  expect(seen.at(-1)).toMatchObject({ sessions: 3, received: 15, overdue: 0 });
});

test("calls events overdue that should have been there a second ago", async () => {
  service.onPost = (kind) => (kind === "pipeline" ? 400 : undefined);
  const seen: LoadProgress[] = [];
  const plan = smallPlan(service.url, { durationS: 2, eventsPerSecond: 10 });
  await runLoad(plan, { historyDir, limits: { progressMs: 50 }, onProgress: (p) => seen.push(p) });
  expect(Math.min(...seen.map((one) => one.overdue))).toBe(0);
  expect(Math.max(...seen.map((one) => one.overdue))).toBeGreaterThan(15);
});

test("ends at once on an abort, with its reason and without a connection left", async () => {
  service.onStream = (_attempt, _request, response) => {
    startStream(response, "");
    return true;
  };
  const abort = new AbortController();
  const running = runLoad(smallPlan(service.url, { durationS: 600 }), {
    historyDir,
    signal: abort.signal,
  });
  running.catch(() => {});
  await vi.waitFor(
    () => expect(service.requests.filter((one) => one.url.endsWith("/pipeline"))).toHaveLength(3),
    PATIENCE,
  );
  abort.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
  await vi.waitFor(async () => expect(await service.connections()).toBe(0), PATIENCE);
});

test("fails with the file's name when the disk is full", async () => {
  await symlink("/dev/full", join(historyDir, "load-0.ndjson"));
  await expect(load({ durationS: 600 })).rejects.toThrow(/load-0\.ndjson.*ENOSPC/);
});

test("fails when the folder of the history is not there", async () => {
  const running = runLoad(smallPlan(service.url), { historyDir: join(historyDir, "missing") });
  await expect(running).rejects.toThrow(/load-main\.ndjson.*ENOENT/);
});

test("survives a service that is not there at all", async () => {
  const plan = smallPlan("http://127.0.0.1:1", { drainS: 1 });
  const { segments } = await runLoad(plan, { historyDir });
  const history = await readHistory(segments);
  expect(ofType(history, "planned")).toHaveLength(3);
  expect(new Set(ofType(history, "request").map((one) => one.status))).toEqual(new Set([0]));
});

describe("a shard", () => {
  const play = (startMs: number): Promise<LoadResult> =>
    runLoad(smallPlan(service.url, { sessions: 5 }), {
      historyDir,
      limits: LIMITS,
      shard: { number: 2, of: 2 },
      startMs,
    });

  test("plays its own sessions, from the start that all machines are given", async () => {
    const startMs = nowMs() + 1_000;
    const history = await readHistory((await play(startMs)).segments);
    const mine = ["s1", "s3"];
    expect(ofType(history, "planned").map(({ session }) => session)).toEqual(mine);
    const created = ofType(history, "request").filter(({ request }) => request === "create");
    expect(created.map(({ session }) => session).sort()).toEqual(mine);
    for (const { sentMs } of created) expect(sentMs).toBeGreaterThanOrEqual(startMs);
    expect(ofType(history, "phase")[0]).toMatchObject({ phase: "load-started", atMs: startMs });
  });

  test("does not start late", async () => {
    await expect(play(nowMs() - 1)).rejects.toThrow(
      "after the load's start. Fix: give a later start",
    );
  });
});
