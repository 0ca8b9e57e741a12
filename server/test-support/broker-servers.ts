import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, vi } from "vitest";
import type { LedgerRecord } from "../src/contract/ledger.ts";
import { memoryLog } from "./memory-log.ts";
import { readLedgers } from "./realtime-environment.ts";
import { startTestServer, type TestServer } from "./test-server.ts";
import { startValkey, type TestValkey } from "./valkey.ts";

/** A server with a ledger and a log that can be read. */
export interface BrokerServer extends TestServer {
  log: Record<string, unknown>[];
  ledger(): Promise<LedgerRecord[]>;
  /** Waits for this state at /readyz, and returns its reason. */
  brokerIs(state: "up" | "down", reason?: RegExp): Promise<string | undefined>;
}

const stops: (() => Promise<unknown>)[] = [];

/** Ends after the test what {@link valkey} and {@link brokerServer} started in it. */
export function stopAfterEach(): void {
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
}

export async function valkey(settings: readonly string[] = []): Promise<TestValkey> {
  const started = await startValkey(undefined, settings);
  stops.push(async () => started.stop());
  return started;
}

/** Instances that broadcast over Redis, unless the environment says otherwise. */
export async function brokerServer(
  redisUrl: string,
  environment: Record<string, string> = {},
): Promise<BrokerServer> {
  const dir = await mkdtemp(join(tmpdir(), "sse-broker-ledger-"));
  const { logger, entries } = memoryLog();
  const settings = { FF_REDIS_SSE_BROADCAST: "true", REDIS_URL: redisUrl, LEDGER_DIR: dir };
  const server = await startTestServer({ ...settings, ...environment }, logger);
  stops.push(async () => {
    await server.stop();
    await rm(dir, { recursive: true });
  });
  return {
    ...server,
    log: entries,
    ledger: async () => readLedgers(dir),
    brokerIs: async (state, reason) =>
      vi.waitFor(
        async () => {
          const ready = (await (await fetch(`${server.url}/readyz`)).json()) as {
            broker: string;
            brokerReason?: string;
          };
          expect(ready.broker).toBe(state);
          if (reason !== undefined) expect(ready.brokerReason ?? "").toMatch(reason);
          return ready.brokerReason;
        },
        { timeout: 15_000 },
      ),
  };
}

/** Adds an ACL user with the password `pw`, and returns its REDIS_URL. */
export async function userOf(
  server: TestValkey,
  name: string,
  ...rules: string[]
): Promise<string> {
  await server.command("ACL", "SETUSER", name, "on", ">pw", ...rules);
  return `redis://${name}:pw@127.0.0.1:${server.port}`;
}
