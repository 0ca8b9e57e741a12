import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { killChild } from "../../../../common/processes/kill-child.ts";
import { freePorts } from "../../../../common/free-port.ts";
import { mintRealtimeKeys } from "../../../../infra/realtime/realtime-keys.ts";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));

/** The stand-in as a process, for tests. */
export interface TestStandIn {
  /** As realtime-js takes it: `http://127.0.0.1:PORT/socket`. */
  url: string;
  port: number;
  jwtSecret: string;
  serviceKey: string;
  anonKey: string;
  process(): ChildProcess;
  /** Sends SIGKILL, like a crash. */
  kill(): Promise<void>;
  /** Starts it again on the same port after {@link kill}. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** High limits and short back-offs. Tests of limits set their own. */
const TEST_ENVIRONMENT = {
  TENANT_MAX_CONCURRENT_USERS: "10000",
  TENANT_MAX_EVENTS_PER_SECOND: "1000000",
  TENANT_MAX_JOINS_PER_SECOND: "10000",
  CONNECT_ERROR_BACKOFF_MS: "20",
  CHANNEL_ERROR_BACKOFF_MS: "20",
};
const JWT_SECRET = "stand-in-secret-of-the-tests-32-characters-or-more";

/**
 * @param options.env see config.ts; `options.file` is the bundle to run instead of the one that the
 * test set-up built
 */
export async function startStandIn(
  options: { env?: Record<string, string>; port?: number; file?: string } = {},
): Promise<TestStandIn> {
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  const env = {
    PATH: process.env["PATH"] ?? "",
    API_JWT_SECRET: JWT_SECRET,
    ...TEST_ENVIRONMENT,
    ...options.env,
    PORT: String(port),
  };
  const bundle = options.file ?? process.env["SSE_LAB_TEST_STANDIN"];
  const args = bundle === undefined ? ["--import", "tsx", main] : [bundle];
  let child = await launch(args, env);
  const kill = (): Promise<void> => killChild(child);
  return {
    url: `http://127.0.0.1:${port}/socket`,
    port,
    jwtSecret: env.API_JWT_SECRET,
    ...(await mintRealtimeKeys(env.API_JWT_SECRET)),
    process: () => child,
    kill,
    async restart() {
      child = await launch(args, env);
    },
    stop: kill,
  };
}

/** @throws Error with its stderr if it ends before it listens */
async function launch(args: string[], env: Record<string, string>): Promise<ChildProcess> {
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const lines = createInterface(child.stdout);
  const exited = once(child, "exit").then(() => {
    throw new Error(`realtime-standin ended before it listened: ${errors}`);
  });
  exited.catch(() => {});
  const listening = new Promise<void>((resolve) => {
    lines.on("line", (line) => {
      if (line.includes('"msg":"listening"')) resolve();
    });
  });
  await Promise.race([listening, exited]);
  return child;
}
