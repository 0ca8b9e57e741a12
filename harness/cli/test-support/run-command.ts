import { vi } from "vitest";
import { main } from "../main.ts";

export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** No Docker engine answers, so that `auto` selects host processes. */
export const NO_ENGINE = { DOCKER_HOST: "unix:///nowhere/docker.sock" };

/** No hosted Realtime: an empty variable counts as not set. */
export const NOT_HOSTED = {
  REALTIME_URL: "",
  REALTIME_KEY: "",
  REALTIME_JWT_SECRET: "",
  REALTIME_ANON_KEY: "",
  REALTIME_TENANT_DB: "",
};

/** Runs one command line in this process, and returns what it wrote. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const written = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  const before = { ...process.env };
  Object.assign(process.env, NO_ENGINE, NOT_HOSTED, env);
  try {
    return { exitCode: await main(args), ...written };
  } finally {
    process.env = before;
    for (const spy of spies) spy.mockRestore();
  }
}
