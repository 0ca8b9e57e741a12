import { expect, test, vi } from "vitest";
import { runServer, spawnServer } from "../test-support/child-server.ts";
import { TEST_ENVIRONMENT } from "../test-support/test-server.ts";

test("names every wrong setting on stderr and exits with 2", async () => {
  const { how, stderr } = await runServer({ PORT: "x", HEARTBEAT_MS: "-1" });
  expect(how).toBe(2);
  for (const variable of ["PORT", "HEARTBEAT_MS", "SESSION_SECRET"])
    expect(stderr).toContain(`${variable}=`);
  expect(stderr).not.toContain("    at ");
});

test("says that its port is taken, in one line, and exits with 2", async () => {
  const first = await spawnServer();
  const { port } = new URL(first.url);
  const { how, stderr } = await runServer({ ...TEST_ENVIRONMENT, PORT: port });
  first.process.kill("SIGTERM");
  expect(how).toBe(2);
  expect(stderr).toContain("EADDRINUSE");
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(await first.exited).toBe(0);
});

test("logs no token and no secret", async () => {
  const server = await spawnServer({ LOG_LEVEL: "trace" });
  let log = "";
  server.process.stdout?.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const session = await server.api.createSession();
  const stream = await server.api.connect(session);
  await fetch(`${server.url}/api/sessions/${session.sessionId}/events?token=${session.token}x`);
  await server.api.start(session, { events: 2, gates: 1 });
  await vi.waitFor(() => expect(stream.types).toEqual(["pipeline_gate"]));
  await server.api.post(session, "pipeline/gate", { gate: "gate-1", answer: "yes" });
  server.process.kill("SIGTERM");
  expect(await server.exited).toBe(0);
  expect(log).toContain("gate answered");
  expect(log).not.toContain(session.token);
  expect(log).not.toContain(TEST_ENVIRONMENT["SESSION_SECRET"]);
});
