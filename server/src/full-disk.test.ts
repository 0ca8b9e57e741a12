import { readFileSync, truncateSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { CAN_MOUNT, spawnOnSmallDisk } from "../../common/test-support/small-disk.ts";
import { Api } from "../test-support/api.ts";
import { runServer } from "../test-support/child-server.ts";
import { TEST_ENVIRONMENT } from "../test-support/test-server.ts";
import { freePort } from "../test-support/valkey.ts";

const PATIENCE = { timeout: 20_000, interval: 50 };
const BUNDLE = process.env["SSE_LAB_TEST_SERVER"] ?? "";

/** A server that is ready, with its log and its working folder on the disk. */
async function serverOnSmallDisk(more: Record<string, string> = {}) {
  const port = await freePort();
  const environment = { ...TEST_ENVIRONMENT, PORT: String(port), LOG_LEVEL: "debug", ...more };
  const disk = spawnOnSmallDisk([BUNDLE], environment);
  const api = new Api(`http://127.0.0.1:${port}`);
  await vi.waitFor(
    async () => expect((await fetch(`${api.url}/readyz`)).status).toBe(200),
    PATIENCE,
  );
  return { api, disk };
}

test.skipIf(!CAN_MOUNT)(
  "a full disk below log and ledger stops no service and no end",
  async () => {
    const { api, disk } = await serverOnSmallDisk({ LEDGER_DIR: "ledger" });
    const metric = async (name: string): Promise<number> => {
      const text = await (await fetch(`${api.url}/metrics`)).text();
      return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
    };
    const session = await api.createSession();
    const stream = await api.connect(session);
    disk.fill();

    await api.start(session, { events: 500, eventsPerSecond: 500 });
    await vi.waitFor(() => expect(stream.types.at(-1)).toBe("pipeline_complete"), PATIENCE);
    expect(stream.events).toHaveLength(500);
    expect(await metric("ledger_write_errors_total")).toBe(1);
    expect(await metric("log_lines_lost_total")).toBeGreaterThanOrEqual(1);
    expect((await fetch(`${api.url}/readyz`)).status).toBe(200);
    disk.kill("SIGTERM");
    expect(await disk.exited).toBe(0);
  },
);

test.skipIf(!CAN_MOUNT)(
  "the log goes on when there is room again, and tells its loss",
  async () => {
    const { api, disk } = await serverOnSmallDisk();
    const gate = async (): Promise<void> => {
      const session = await api.createSession();
      await api.start(session, { events: 2, gates: 1, restart: true });
      await vi.waitFor(async () => {
        const answered = await api.post(session, "pipeline/gate", { gate: "gate-1", answer: "" });
        expect(answered.status).toBe(202);
      }, PATIENCE);
    };
    disk.fill();
    await gate();
    truncateSync(disk.path("log"), 0);
    await gate();
    const log = readFileSync(disk.path("log"), "utf8");
    expect(log).toMatch(/"lines":1,"msg":"log lines were lost/);
    expect(log).toContain("gate answered");
    disk.kill("SIGTERM");
    expect(await disk.exited).toBe(0);
  },
);

test("a ledger folder that cannot be written is named at the start", async () => {
  const { how, stderr } = await runServer({ ...TEST_ENVIRONMENT, LEDGER_DIR: "/proc/nope" });
  expect(how).toBe(2);
  expect(stderr).toMatch(/^The server cannot start: LEDGER_DIR=\/proc\/nope: .*; name a folder/);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
});
