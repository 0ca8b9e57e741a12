import { pino, type Logger } from "pino";
import { readConfig } from "../src/config.ts";
import { startServer } from "../src/server.ts";
import { Api } from "./api.ts";

export const TEST_SECRET = "a-secret-for-tests-only-0123456789abcdef";

/** Short windows, everything else as in production. */
export const TEST_ENVIRONMENT: Readonly<Record<string, string>> = {
  PORT: "0",
  SESSION_SECRET: TEST_SECRET,
  DRAIN_NOTICE_MS: "0",
  DRAIN_SPREAD_MS: "0",
  DRAIN_GRACE_MS: "0",
  LOG_LEVEL: "silent",
  RATE_LIMIT_POINTS: "0",
};

export interface TestServer extends AsyncDisposable {
  url: string;
  api: Api;
  stop(): Promise<void>;
}

/** A server in this process, on a real socket. Its log goes nowhere, or to `logger`. */
export async function startTestServer(
  environment: Record<string, string> = {},
  logger?: Logger,
): Promise<TestServer> {
  const config = readConfig({ ...TEST_ENVIRONMENT, INSTANCE: "server-1", ...environment });
  const server = await startServer(config, logger ?? pino({ level: config.LOG_LEVEL }));
  const url = `http://127.0.0.1:${server.port}`;
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= server.stop());
  return { url, api: new Api(url), stop, [Symbol.asyncDispose]: stop };
}
