/**
 * The state file of a deployment, `.sse-lab/state/<id>.json`: everything a later command needs to end it, or to take
 * hold of it. Written before the first process starts and after every change, always complete (rename(2)).
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { fromRoot } from "../../../common/paths.ts";

const identitySchema = z.object({ pid: z.number().int().positive(), startTime: z.string() });
const processSchema = z.object({
  identity: identitySchema,
  spec: z.object({
    name: z.string(),
    command: z.string(),
    args: z.array(z.string()),
    env: z.record(z.string(), z.string()),
    cwd: z.string(),
    logFile: z.string(),
  }),
});
const realtimeSchema = z.object({
  /** Of the process, where it is ours. */
  name: z.string(),
  standIn: z.boolean(),
  /** As clients reach it. */
  url: z.string(),
  /** Where it answers once it takes connections. Absent for a hosted one, which has no process here. */
  healthUrl: z.string().optional(),
});
const stateSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  /** Pids mean nothing on another host or in another container that sees the same folder. */
  host: z.string(),
  /** `sse-lab up` left it running on purpose. */
  kept: z.boolean(),
  owner: identitySchema,
  /** The command that has hold of a kept deployment right now. One that is dead counts for nothing. */
  holder: identitySchema.optional(),
  /** ISO 8601. */
  startedAt: z.string(),
  topology: z.string(),
  workDir: z.string(),
  /** What the deployment put into workDir, and may remove: absolute paths. */
  ownPaths: z.array(z.string()),
  url: z.string(),
  opsUrl: z.string(),
  /** Absent in what an earlier version wrote, which knew no other. */
  router: z.enum(["traefik", "haproxy"]).default("traefik"),
  instances: z.array(z.object({ name: z.string(), url: z.string() })),
  /** Absent where no client subscribes to Realtime. */
  realtime: realtimeSchema.optional(),
  versions: z.record(z.string(), z.string()),
  /** The newest process of each name. */
  processes: z.array(processSchema),
});
export type DeploymentState = z.infer<typeof stateSchema>;

/** The project's own folder, whatever folder the command was called in. */
export const defaultStateDir = fromRoot(".sse-lab", "state");

export const stateFile = (stateDir: string, id: string): string => join(stateDir, `${id}.json`);

/** Synchronous, so that nothing can come between a change and its record. */
export const writeState = (stateDir: string, state: DeploymentState): void => {
  mkdirSync(stateDir, { recursive: true });
  const path = stateFile(stateDir, state.id);
  // 0600: the servers' session secret and the keys of Realtime are in it.
  writeFileSync(`${path}.tmp`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
};

export const removeState = (stateDir: string, id: string): void => {
  rmSync(stateFile(stateDir, id), { force: true });
  rmSync(`${stateFile(stateDir, id)}.tmp`, { force: true });
};

export interface StoredStates {
  states: DeploymentState[];
  /** Files that are no state this version understands; left alone. */
  unreadable: string[];
}

export const readStates = (stateDir: string): StoredStates => {
  const found: StoredStates = { states: [], unreadable: [] };
  let names: string[];
  try {
    names = readdirSync(stateDir);
  } catch {
    return found;
  }
  for (const name of names.filter((one) => one.endsWith(".json")).sort()) {
    const path = join(stateDir, name);
    try {
      found.states.push(stateSchema.parse(JSON.parse(readFileSync(path, "utf8"))));
    } catch (error) {
      // Removed by its owner between the listing and the reading.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") found.unreadable.push(path);
    }
  }
  return found;
};

/** Was it written on this host (or in this container)? */
export const isFromHere = (state: DeploymentState): boolean => state.host === hostname();
