import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killChild } from "../../common/processes/kill-child.ts";
import { Redis } from "ioredis";
import which from "which";

/** A real Redis-compatible server for tests. */
export interface TestValkey {
  url: string;
  port: number;
  /** Runs one command as the administrator. */
  command(name: string, ...args: (string | number)[]): Promise<unknown>;
  /** SIGKILL, as a crash. */
  kill(): Promise<void>;
  /** SIGSTOP: the connection stays open and silent. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same port, after {@link kill}. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** @throws when no server binary is found: a test that needs one must not pass without */
export async function startValkey(
  port?: number,
  settings: readonly string[] = [],
): Promise<TestValkey> {
  const binary = await findBinary();
  const dir = await mkdtemp(join(tmpdir(), "sse-server-valkey-"));
  const chosen = port ?? (await freePort());
  const url = `redis://127.0.0.1:${chosen}`;
  let child = await launch(binary, dir, chosen, settings);
  const kill = (): Promise<void> => killChild(child);
  return {
    url,
    port: chosen,
    async command(name, ...args) {
      const redis = new Redis(url, { protocol: 2 });
      try {
        return await redis.call(name, ...args);
      } finally {
        redis.disconnect();
      }
    },
    kill,
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    async restart() {
      child = await launch(binary, dir, chosen, settings);
    },
    async stop() {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function findBinary(): Promise<string> {
  const found =
    process.env["SSE_LAB_VALKEY"] ??
    (await which("valkey-server", { nothrow: true })) ??
    (await which("redis-server", { nothrow: true }));
  if (found) return found;
  throw new Error(
    "No Valkey found: set SSE_LAB_VALKEY to its binary, or put valkey-server on PATH.",
  );
}

async function launch(
  binary: string,
  dir: string,
  port: number,
  more: readonly string[],
): Promise<ChildProcess> {
  const settings = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    dir,
    "--save",
    "",
    "--appendonly",
    "no",
    ...more,
  ];
  const child = spawn(binary, settings, { stdio: "ignore" });
  const failed = once(child, "exit").then(() => {
    throw new Error(`${binary} ended before it answered`);
  });
  failed.catch(() => {});
  const probe = new Redis(port, "127.0.0.1", {
    protocol: 2,
    retryStrategy: () => 10,
    maxRetriesPerRequest: null,
  });
  probe.on("error", () => {});
  try {
    await Promise.race([probe.ping(), failed]);
  } finally {
    probe.disconnect();
  }
  return child;
}

/**
 * A free port below the ephemeral range, so that no outgoing connection takes it while the server
 * is down.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const bound = await new Promise<AddressInfo | undefined>((resolve) => {
      server.once("error", () => resolve(undefined));
      server.listen(port, "127.0.0.1", () => resolve(server.address() as AddressInfo));
    });
    if (bound === undefined) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
