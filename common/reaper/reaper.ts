/**
 * The reaper: one small process beside each deployment. It is told over its stdin what to end, and when its stdin
 * closes without a "leave" (the harness crashed, or was killed with -9), it ends exactly that.
 * It runs bundled, without a TypeScript loader, so that it is there within some 50 ms.
 */
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { endProcesses } from "../end-processes.ts";
import type { ProcessIdentity } from "../process-identity.ts";
import type { ReaperMessage } from "./reaper-client.ts";
import { removePaths } from "../remove-paths.ts";

// Its work begins when everybody else has been told to stop.
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
    // Last: while the state file is there, the next command looks after what this process did not manage.
    rmSync(home.stateFile, { force: true });
  }
}
