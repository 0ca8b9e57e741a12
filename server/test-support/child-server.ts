import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Api } from "./api.ts";
import { TEST_ENVIRONMENT } from "./test-server.ts";

/** The server as a process of its own, for signals and crashes. */
export interface ChildServer {
  url: string;
  api: Api;
  process: ChildProcess;
  /** All that it has written so far, log and errors. */
  output(): string;
  /** Resolves with the exit code, or the signal's name. */
  exited: Promise<number | string>;
}

/**
 * Runs the bundle of the server that the test set-up built, or `file`, and waits until it listens.
 */
export async function spawnServer(
  environment: Record<string, string> = {},
  file?: string,
): Promise<ChildServer> {
  const child = launch(
    { ...TEST_ENVIRONMENT, INSTANCE: "server-1", LOG_LEVEL: "info", ...environment },
    file,
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exited = exitOf(child);
  const port = await Promise.race([
    portOf(child),
    exited.then((how) => {
      throw new Error(`the server ended before it listened: ${how}`);
    }),
  ]);
  const url = `http://127.0.0.1:${port}`;
  return { url, api: new Api(url), process: child, exited, output: () => output };
}

/** Runs the server until it ends by itself. */
export async function runServer(
  environment: Record<string, string>,
): Promise<{ how: number | string; stderr: string }> {
  const child = launch(environment);
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return { how: await exitOf(child), stderr };
}

function launch(environment: Record<string, string>, file?: string): ChildProcess {
  const bundle = file ?? process.env["SSE_LAB_TEST_SERVER"] ?? "";
  const env = { PATH: process.env["PATH"] ?? "", ...environment };
  return spawn(process.execPath, [bundle], { env, stdio: ["ignore", "pipe", "pipe"] });
}

async function exitOf(child: ChildProcess): Promise<number | string> {
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return code ?? signal ?? "unknown";
}

async function portOf(child: ChildProcess): Promise<number> {
  let log = "";
  return new Promise((resolve) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      const port = /"port":(\d+),"msg":"listening"/.exec(log)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
}
