/** A check that cannot fail checks nothing: targets that are wrong in one thing, and what the runner says of each. */
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { startStandIn, type TestStandIn } from "../server/test-support/start-stand-in.ts";
import { addressOf } from "./address.ts";
import { CASES } from "./cases/cases.ts";
import { inspectTarget } from "./inspect-target.ts";
import { UserError } from "../../../common/user-error.ts";
import { type CaseResult, runCase } from "./run-case.ts";
import { runSuite } from "./run-suite.ts";
import { type Crossing, startTamperingProxy, type Tamper } from "./test-support/tampering-proxy.ts";

const TIMEOUT_MS = 1000;

let standIn: TestStandIn;
beforeAll(async () => {
  standIn = await startStandIn();
});
afterAll(() => standIn.stop());

/** Results of some cases behind a proxy that tampers. */
async function judge(tamper: Tamper, ids: readonly string[]): Promise<Record<string, CaseResult>> {
  const proxy = await startTamperingProxy(standIn.port, tamper);
  try {
    const target = { address: addressOf(proxy.url), jwtSecret: standIn.jwtSecret };
    const results: Record<string, CaseResult> = {};
    for (const one of CASES.filter(({ id }) => ids.includes(id)))
      results[one.id] = await runCase(one, {
        target,
        lacks: new Map(),
        oldHandshake: false,
        timeoutMs: TIMEOUT_MS,
      });
    return results;
  } finally {
    await proxy.stop();
  }
}

const isText = (frame: Crossing, ...parts: readonly string[]): boolean =>
  typeof frame === "string" && parts.every((part) => frame.includes(part));
const drop =
  (...parts: readonly string[]) =>
  (frame: Crossing): readonly Crossing[] =>
    isText(frame, ...parts) ? [] : [frame];

describe("a server that is wrong in one thing", () => {
  it.each<{ wrong: string; tamper: Tamper; id: string; outcome: string; expected: string; seen: string }>([
    {
      wrong: "drops one broadcast",
      tamper: { frame: drop('"n":3') },
      id: "broadcast-order-ws",
      outcome: "fails",
      expected: '"payload":{"n":3}',
      seen: '"payload":{"n":4}',
    },
    {
      wrong: "delivers a broadcast twice",
      tamper: { frame: (frame) => (isText(frame, '"n":9') ? [frame, frame] : [frame]) },
      id: "broadcast-order-batch",
      outcome: "fails",
      expected: '"event":"marker"',
      seen: '"n":9',
    },
    {
      wrong: "drops the last of N broadcasts to the official client",
      tamper: { frame: drop('"n":24') },
      id: "client-http-batch-v2",
      outcome: "fails",
      expected: '{"n":24,',
      seen: '{"n":23,"text":"ü"}]',
    },
    {
      wrong: "closes a channel before it answers the leave",
      tamper: {
        frame: (frame, seen) => {
          if (isText(frame, '"2"', "phx_reply")) return [];
          const held = seen.find((one) => isText(one, '"2"', "phx_reply"));
          return isText(frame, "phx_close") && held !== undefined ? [frame, held] : [frame];
        },
      },
      id: "leave-v2",
      outcome: "differs",
      expected: '"phx_reply"',
      seen: '"phx_close"',
    },
    {
      wrong: "renames postgres_changes",
      tamper: {
        frame: (frame) => [typeof frame === "string" ? frame.replace("postgres_changes", "changes") : frame],
      },
      id: "join-reply-v2",
      outcome: "fails",
      expected: '{"postgres_changes":[]}',
      seen: '{"changes":[]}',
    },
    {
      wrong: "adds join_ref to version 1",
      tamper: {
        frame: (frame) => [typeof frame === "string" ? frame.replace(/^\{/, '{"join_ref":"8",') : frame],
      },
      id: "frame-shape-v1",
      outcome: "fails",
      expected: '"ref":"8"}',
      seen: '"join_ref":"8"',
    },
    {
      wrong: "sends presence that nobody asked for",
      tamper: {
        frame: (frame) =>
          isText(frame, "postgres_changes")
            ? [frame, '["1",null,"realtime:t","presence_state",{}]']
            : [frame],
      },
      id: "join-reply-v2",
      outcome: "fails",
      expected: '"phx_reply"',
      seen: '"presence_state"',
    },
    {
      wrong: "sends metadata with binary broadcasts",
      tamper: {
        frame: (frame) => {
          if (typeof frame === "string") return [frame];
          const head = 5 + (frame[1] ?? 0) + (frame[2] ?? 0);
          const changed = Buffer.concat([frame.subarray(0, head), Buffer.from("{}"), frame.subarray(head)]);
          changed[3] = 2;
          return [changed];
        },
      },
      id: "broadcast-http-single-to-v2",
      outcome: "fails",
      expected: '"metadata":""',
      seen: '"metadata":"{}"',
    },
    {
      wrong: "does not answer heartbeats",
      tamper: { sent: drop('"heartbeat"') },
      id: "heartbeat-v2",
      outcome: "fails",
      expected: '"phx_reply"',
      seen: "nothing within 1 s",
    },
    {
      wrong: "lets a session publish",
      tamper: { http: (answer) => (answer.status === 403 ? { status: 202, body: "" } : answer) },
      id: "private-single-denied",
      outcome: "fails",
      expected: "answers 403",
      seen: '202 ""',
    },
    {
      wrong: "delivers what a session published",
      tamper: {
        frame: (frame) =>
          isText(frame, "marker") ? [String(frame).replace("marker", "forbidden"), frame] : [frame],
      },
      id: "private-batch-denied",
      outcome: "fails",
      expected: '"event":"marker"',
      seen: '"event":"forbidden"',
    },
    {
      wrong: "says another reason at the handshake",
      tamper: { http: ({ status, body }) => ({ status, body: body.replace("expired", "ended") }) },
      id: "handshake-expired",
      outcome: "fails",
      expected: '401 {"error":"Token has expired"}',
      seen: '401 {"error":"Token has ended"}',
    },
    {
      wrong: "refuses with another status",
      tamper: { http: ({ status, body }) => ({ status: status === 401 ? 403 : status, body }) },
      id: "handshake-no-key",
      outcome: "fails",
      expected: "401",
      seen: '403 {"error":"API key is missing"}',
    },
  ])("$wrong: $id", async ({ tamper, id, outcome, expected, seen }) => {
    const result = (await judge(tamper, [id]))[id];
    expect(result).toMatchObject({ id, outcome });
    expect(result?.section).toMatch(/^§/);
    expect(result?.expected).toContain(expected);
    expect(result?.seen).toContain(seen);
  });

  it("the proxy itself changes nothing", async () => {
    const ids = CASES.filter(({ needs, tenant }) => !needs?.includes("slow") && !tenant).map(({ id }) => id);
    const results = Object.values(
      await judge(
        {},
        ids.filter((id) => !id.startsWith("token-")),
      ),
    );
    // The one that a proxy cannot hand on: the header that it would have to be sent by.
    const PROXIED = ["handshake-x-api-key", "handshake-header-wins", "http-cors", "handshake-ping"];
    expect(
      results
        .filter(({ outcome, id }) => outcome !== "conforms" && !PROXIED.includes(id))
        .map(({ id, seen }) => [id, seen]),
    ).toEqual([]);
  });
});

describe("sweeps", () => {
  it("no case conforms to a server that takes everything and says nothing", async () => {
    const server = createServer((_request, response) => response.writeHead(418).end());
    const sockets = new WebSocketServer({ server, autoPong: false });
    sockets.on("connection", (socket) => socket.on("error", () => undefined));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/socket`;
    const options = {
      target: { address: addressOf(url), jwtSecret: standIn.jwtSecret },
      lacks: new Map(),
      oldHandshake: false,
      timeoutMs: 100,
    };
    const patient = CASES.filter(({ needs }) => !needs?.includes("slow"));
    const results = await Promise.all(patient.map((one) => runCase(one, options)));
    for (const socket of sockets.clients) socket.terminate();
    server.close();
    expect(results.filter(({ outcome }) => outcome === "conforms").map(({ id }) => id)).toEqual([]);
  });

  it("no case of steps that joins conforms to a server that says one thing more after each answer", async () => {
    const junk = '["1",null,"realtime:t","surprise",{}]';
    const tamper: Tamper = {
      frame: (frame) => (isText(frame, "phx_reply") && !isText(frame, '"phoenix"') ? [frame, junk] : [frame]),
    };
    const joining = CASES.filter(
      ({ run, needs }) =>
        Array.isArray(run) && !needs?.includes("slow") && JSON.stringify(run).match(/"join":|"phx_join"/),
    );
    const results = Object.values(
      await judge(
        tamper,
        joining.map(({ id }) => id),
      ),
    );
    expect(results.filter(({ outcome }) => outcome === "conforms").map(({ id }) => id)).toEqual([]);
  });
});

describe("a target where nothing can be judged", () => {
  const inspect = (url: string, jwtSecret: string) =>
    inspectTarget({ address: addressOf(url), jwtSecret }, { timeoutMs: TIMEOUT_MS });

  it("another secret", async () => {
    const wrong = inspect(standIn.url, "another-secret-of-32-characters-or-more");
    await expect(wrong).rejects.toThrow(UserError);
    await expect(wrong).rejects.toThrow(
      `refuses a service-role token: 401 {"error":"Failed to validate JWT signature"}. Is the JWT secret this server's`,
    );
  });

  it("nothing listens", async () => {
    await expect(inspect("http://127.0.0.1:9/socket", standIn.jwtSecret)).rejects.toThrow(
      "nothing listens at ws://127.0.0.1:9/socket/websocket: start the server, or correct the URL",
    );
  });

  it("a host name of no tenant", async () => {
    await expect(
      inspect(`http://nobody.localhost:${standIn.port}/socket`, standIn.jwtSecret),
    ).rejects.toThrow('no tenant "nobody" is there');
  });

  it("no policy: says which one, or leaves the private cases out", async () => {
    const proxy = await startTamperingProxy(standIn.port, {
      frame: (frame) =>
        isText(frame, "postgres_changes", "sse:session")
          ? [
              String(frame).replace(
                /\{"status".*\}/,
                '{"status":"error","response":{"reason":"Unauthorized"}}',
              ),
            ]
          : [frame],
    });
    const target = { address: addressOf(proxy.url), jwtSecret: standIn.jwtSecret };
    await expect(inspectTarget(target, { timeoutMs: TIMEOUT_MS })).rejects.toThrow(
      "The private cases need the lab's policy on realtime.messages",
    );
    const cases = CASES.filter(({ id }) => id === "private-own-v2" || id === "heartbeat-v2");
    const result = await runSuite({ target, cases, skipPrivate: true, timeoutMs: TIMEOUT_MS });
    expect(result).toMatchObject({ conforms: 1, skipped: 1, fails: 0, differs: 0 });
    expect(result.cases[1]).toMatchObject({
      outcome: "skipped",
      reason: "the target lacks the lab's policy",
    });
    await proxy.stop();
  });
});
