import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface StartedServer {
  url: string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts the real server in a separate process, on a free port of 127.0.0.1 or the given one. */
export const startServer = async (
  environment: Record<string, string> = {},
): Promise<StartedServer> => {
  const child = spawn(process.execPath, [process.env["SSE_LAB_TEST_SERVER"] ?? ""], {
    env: {
      ...process.env,
      SESSION_SECRET: "s".repeat(32),
      PORT: "0",
      RATE_LIMIT_POINTS: "0",
      ...environment,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    const port = (JSON.parse(line) as { port?: number }).port;
    if (port === undefined) continue;
    child.stdout.resume();
    return {
      url: `http://127.0.0.1:${port}`,
      stop: async (signal = "SIGKILL") => {
        child.kill(signal);
        await exited;
      },
    };
  }
  throw new Error("the server ended before it listened");
};
