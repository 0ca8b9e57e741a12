/**
 * The reaper: a small process that reads from stdin which processes to watch. When stdin closes
 * without a "leave" (its parent crashed, or was killed with -9), it ends exactly those. It runs
 * bundled, without a TypeScript loader, so that it starts within about 50 ms.
 */
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { endProcesses } from "../processes/end-processes.ts";
import type { ProcessIdentity } from "../processes/process-identity.ts";
import type { ReaperMessage } from "./reaper-client.ts";
import { removePaths } from "../files/remove-paths.ts";

// Its work begins after all other processes were told to stop.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

const watched: ProcessIdentity[] = [];
let home: Extract<ReaperMessage, { type: "home" }> | undefined;
let leave = false;

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as ReaperMessage;
  if (message.type === "watch") watched.push(message.identity);
  else if (message.type === "home") home = message;
  else leave = true;
}

if (!leave) {
  await endProcesses(watched);
  if (home) {
    await removePaths(home.workDir, home.ownPaths);
    // Last: while the state file exists, the next command cleans up what this process could not.
    rmSync(home.stateFile, { force: true });
  }
}
