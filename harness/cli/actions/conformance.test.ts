import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CASES } from "../../../standins/realtime/conformance/cases/cases.ts";
import type { SuiteResult } from "../../../standins/realtime/conformance/run-suite.ts";
import { startTamperingProxy } from "../../../standins/realtime/conformance/test-support/tampering-proxy.ts";
import {
  startStandIn,
  type TestStandIn,
} from "../../../standins/realtime/server/test-support/start-stand-in.ts";
import { runCommand } from "../test-support/run-command.ts";

const conformance = (args: readonly string[], env: Record<string, string>) =>
  runCommand(["conformance", ...args], env);

let standIn: TestStandIn;
beforeAll(async () => {
  standIn = await startStandIn();
});
afterAll(() => standIn.stop());

describe("bad input", () => {
  const SECRET = { REALTIME_JWT_SECRET: "a-secret-that-nobody-is-to-see-32-characters" };
  it.each<[string, readonly string[], Record<string, string>, string]>([
    [
      "no secret",
      ["--url", "http://127.0.0.1:9/socket"],
      {},
      "sse-lab: REALTIME_JWT_SECRET is not set: give the",
    ],
    [
      "no secret in the named variable",
      ["--url", "http://127.0.0.1:9/socket", "--jwt-secret-env", "MY_SECRET"],
      SECRET,
      "sse-lab: MY_SECRET is not set",
    ],
    [
      "nothing listens",
      [],
      { ...SECRET, REALTIME_URL: "http://127.0.0.1:9/socket" },
      "sse-lab: nothing listens at ws://127.0.0.1:9/socket/websocket: start the server, or " +
        "correct the URL",
    ],
    [
      "no URL",
      ["--url", "nonsense"],
      SECRET,
      "sse-lab: --url: is no URL: give http://host:4000/socket",
    ],
    [
      "no path",
      [],
      { ...SECRET, REALTIME_URL: "http://127.0.0.1:9" },
      "sse-lab: REALTIME_URL: http://127.0.0.1:9: has no path; use /socket for a bare server",
    ],
    [
      "a key in the URL",
      ["--url", "http://127.0.0.1:9/socket?apikey=key"],
      SECRET,
      "sse-lab: --url: the URL contains credentials or a query: use",
    ],
    [
      "a database that is no JSON",
      ["--url", "http://127.0.0.1:9/socket"],
      { ...SECRET, REALTIME_TENANT_DB: "password" },
      "sse-lab: REALTIME_TENANT_DB is no JSON object of texts",
    ],
  ])("%s: exit code 2, and the reason", async (_name, args, env, message) => {
    const { exitCode, stdout, stderr } = await conformance(args, env);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain(SECRET.REALTIME_JWT_SECRET);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  });

  it("a secret of another server: exit code 2", async () => {
    const { exitCode, stderr } = await conformance(["--url", standIn.url], SECRET);
    expect(stderr).toContain("Is the JWT secret that of the server (API_JWT_SECRET there)");
    expect(stderr).not.toContain(SECRET.REALTIME_JWT_SECRET);
    expect(exitCode).toBe(2);
  });
});

it("a server that conforms: exit code 0, every case in the JSON, progress apart from it", async () => {
  const { exitCode, stdout, stderr } = await conformance(["--json"], {
    REALTIME_URL: standIn.url,
    REALTIME_JWT_SECRET: standIn.jwtSecret,
    REALTIME_KEY: standIn.serviceKey,
    REALTIME_ANON_KEY: standIn.anonKey,
  });
  const result = JSON.parse(stdout) as SuiteResult & { target: string; url: string };
  // This server makes no tenants, and the command has no --slow.
  const skipped = CASES.filter(({ tenant, needs }) => tenant ?? needs?.includes("slow"));
  expect(result).toMatchObject({ target: "realtime", url: standIn.url, fails: 0, differs: 0 });
  expect(result.skipped).toBe(skipped.length);
  expect(result.cases.map(({ id }) => id)).toEqual(CASES.map(({ id }) => id));
  expect(stderr).toContain(`target: ${standIn.url}`);
  expect(stderr).toMatch(/ok {6}§1\.5 {2}heartbeat-v2: version 2\.0\.0: .* \d+ ms/);
  // No terminal, no colour.
  expect(stderr).not.toContain("\u001b");
  for (const secret of [standIn.jwtSecret, standIn.serviceKey])
    expect(stdout + stderr).not.toContain(secret);
  expect(exitCode).toBe(0);
});

it("without a URL: the stand-in, whose limits the limit cases set", async () => {
  const { exitCode, stdout } = await conformance(["--json"], {});
  const result = JSON.parse(stdout) as SuiteResult & { target: string };
  expect(result).toMatchObject({ target: "realtime-standin", fails: 0, differs: 0, skipped: 2 });
  expect(result.conforms).toBe(CASES.length - 2);
  expect(exitCode).toBe(0);
});

it("a server that does one thing otherwise: exit code 1, and what was expected and seen", async () => {
  const proxy = await startTamperingProxy(standIn.port, {
    http: ({ status, body }) => ({ status, body: body.replace('"Success"', '"Pong"') }),
  });
  const { exitCode, stdout } = await conformance(
    ["--url", proxy.url, "--jwt-secret-env", "MY_SECRET"],
    {
      MY_SECRET: standIn.jwtSecret,
    },
  );
  await proxy.stop();
  expect(stdout).toMatch(
    /FAILS {3}§5\.2 {2}health-ping: .*\n +expected: .*"Success".*\n +seen: +200 \{"message":"Pong"\}/,
  );
  expect(exitCode).toBe(1);
});
