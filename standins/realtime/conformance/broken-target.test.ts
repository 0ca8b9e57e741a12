/** Shows that the suite can fail: targets with one fault each, and the result of the case. */
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { addressOf } from "./address.ts";
import { CASES } from "./cases/cases.ts";
import { inspectTarget } from "./inspect-target.ts";
import { UserError } from "../../../common/user-error.ts";
import { type CaseResult, runCase } from "./run-case.ts";
import { runSuite } from "./run-suite.ts";
import { startStandInTarget, type StandInTarget } from "./stand-in-target.ts";
import type { Target } from "./target.ts";
import { type Crossing, startTamperingProxy, type Tamper } from "./test-support/tampering-proxy.ts";

const TIMEOUT_MS = 1000;
/** For cases that conform: they wait for nothing. */
const PATIENT_MS = 10_000;

let standIn: StandInTarget;
beforeAll(async () => {
  standIn = await startStandInTarget();
});
afterAll(() => standIn.stop());

const portOf = (url: string): number => Number(new URL(url).port);

/** The stand-in behind a tampering proxy; also the stand-in that a case with limits gets. */
async function tampered(tamper: Tamper): Promise<{ target: Target; stop: () => Promise<void> }> {
  const proxy = await startTamperingProxy(portOf(standIn.url), tamper);
  const startTenant: Target["startTenant"] = async (settings) => {
    const limited = await standIn.target.startTenant!(settings);
    const proxyOfLimited = await startTamperingProxy(portOf(limited.address.httpUrl), tamper);
    const remove = async (): Promise<void> => {
      await proxyOfLimited.stop();
      await limited.remove();
    };
    return { address: addressOf(proxyOfLimited.url), remove };
  };
  const { jwtSecret } = standIn.target;
  return {
    target: { address: addressOf(proxy.url), jwtSecret, startTenant },
    stop: () => proxy.stop(),
  };
}

/** Results of some cases behind a tampering proxy. */
async function judge(
  tamper: Tamper,
  ids: readonly string[],
  timeoutMs = TIMEOUT_MS,
): Promise<Record<string, CaseResult>> {
  const { target, stop } = await tampered(tamper);
  const results: Record<string, CaseResult> = {};
  try {
    for (const one of CASES.filter(({ id }) => ids.includes(id)))
      results[one.id] = await runCase(one, { target, lacks: new Map(), timeoutMs });
    return results;
  } finally {
    await stop();
  }
}

const isText = (frame: Crossing, ...parts: readonly string[]): boolean =>
  typeof frame === "string" && parts.every((part) => frame.includes(part));
const drop =
  (...parts: readonly string[]) =>
  (frame: Crossing): readonly Crossing[] =>
    isText(frame, ...parts) ? [] : [frame];

describe("a server with one fault", () => {
  it.each<{
    wrong: string;
    tamper: Tamper;
    id: string;
    outcome: string;
    expected: string;
    seen: string;
  }>([
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
      wrong: "drops the last broadcast to the official client",
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
        frame: (frame) => [
          typeof frame === "string" ? frame.replace("postgres_changes", "changes") : frame,
        ],
      },
      id: "join-reply-v2",
      outcome: "fails",
      expected: '{"postgres_changes":[]}',
      seen: '{"changes":[]}',
    },
    {
      wrong: "adds join_ref to version 1",
      tamper: {
        frame: (frame) => [
          typeof frame === "string" ? frame.replace(/^\{/, '{"join_ref":"8",') : frame,
        ],
      },
      id: "frame-shape-v1",
      outcome: "fails",
      expected: '"ref":"8"}',
      seen: '"join_ref":"8"',
    },
    {
      wrong: "sends presence without a request",
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
          const changed = Buffer.concat([
            frame.subarray(0, head),
            Buffer.from("{}"),
            frame.subarray(head),
          ]);
          changed[3] = 2;
          return [changed];
        },
      },
      id: "broadcast-ws-binary-json-to-v2",
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
      wrong: "accepts a request without a token",
      tamper: { http: (answer) => (answer.status === 401 ? { status: 202, body: "" } : answer) },
      id: "http-batch-no-token",
      outcome: "fails",
      expected: "answers 401",
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
      wrong: "gives another reason at the handshake",
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
    const ids = CASES.filter(
      ({ id, needs = [] }) =>
        !needs.includes("slow") && !needs.includes("tenant-api") && !id.startsWith("token-"),
    ).map(({ id }) => id);
    const results = Object.values(await judge({}, ids, PATIENT_MS));
    expect(results).toHaveLength(ids.length);
    expect(results.filter(({ outcome }) => outcome !== "conforms")).toEqual([]);
  });
});

describe("sweeps", () => {
  it("no case conforms to a server that opens sockets and sends nothing", async () => {
    const server = createServer((_request, response) => response.writeHead(418).end());
    const sockets = new WebSocketServer({ server, autoPong: false });
    sockets.on("connection", (socket) => socket.on("error", () => undefined));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/socket`;
    const options = {
      target: { address: addressOf(url), jwtSecret: standIn.target.jwtSecret },
      lacks: new Map(),
      timeoutMs: 100,
    };
    const patient = CASES.filter(({ needs }) => !needs?.includes("slow"));
    const results = await Promise.all(patient.map((one) => runCase(one, options)));
    for (const socket of sockets.clients) socket.terminate();
    server.close();
    expect(results.filter(({ outcome }) => outcome === "conforms").map(({ id }) => id)).toEqual([]);
  });

  it("no case that joins conforms to a server that sends one more message after each reply", async () => {
    const junk = '["1",null,"realtime:t","surprise",{}]';
    const tamper: Tamper = {
      frame: (frame) =>
        isText(frame, "phx_reply") && !isText(frame, '"phoenix"') ? [frame, junk] : [frame],
    };
    const joining = CASES.filter(
      ({ run, needs }) =>
        Array.isArray(run) &&
        !needs?.includes("slow") &&
        JSON.stringify(run).match(/"join":|"phx_join"/),
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

describe("a target that cannot be judged", () => {
  const inspect = (url: string, jwtSecret: string) =>
    inspectTarget({ address: addressOf(url), jwtSecret }, { timeoutMs: TIMEOUT_MS });

  it("has another secret", async () => {
    const wrong = inspect(standIn.url, "another-secret-of-32-characters-or-more");
    await expect(wrong).rejects.toThrow(UserError);
    await expect(wrong).rejects.toThrow(
      `refuses a service-role token: 401 {"error":"Failed to validate JWT signature"}. Is ` +
        "the JWT secret that of the server",
    );
  });

  it("does not listen", async () => {
    await expect(inspect("http://127.0.0.1:9/socket", standIn.target.jwtSecret)).rejects.toThrow(
      "nothing listens at ws://127.0.0.1:9/socket/websocket: start the server, or correct the URL",
    );
  });

  it("has no tenant of this name", async () => {
    await expect(
      inspect(`http://unknown.localhost:${portOf(standIn.url)}/socket`, standIn.target.jwtSecret),
    ).rejects.toThrow('there is no tenant "unknown"');
  });

  it("lacks the policy: the error describes it, and --skip-private skips the private cases", async () => {
    const { target, stop } = await tampered({
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
    await stop();
  });
});
