/**
 * The state of a local deployment, `.sse-lab/state/<id>.json`: all that a later command needs to
 * change or remove it. Written before the first process starts and after every change.
 */
import { z } from "zod";
import { fromRoot } from "../../../common/paths.ts";
import { isRunning } from "../../../common/processes/process-identity.ts";
import { RecordFolder } from "../../../common/files/record-folder.ts";
import { DeploymentRegistry } from "../registry/deployment-registry.ts";
import { describeOwner, isFromHere } from "../../../common/processes/owner.ts";

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
  /** Name of the process, if the lab runs it. */
  name: z.string(),
  standIn: z.boolean(),
  /** As clients reach it. */
  url: z.string(),
  /** Answers 200 once it takes connections. Absent for a hosted one, which has no process here. */
  healthUrl: z.string().optional(),
});
const stateSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  /** Name of the host or container that `owner` runs on. */
  host: z.string(),
  /** `sse-lab up` left it running on purpose. */
  kept: z.boolean(),
  /** The command that brings it up or changes it. */
  owner: identitySchema,
  /** ISO 8601. */
  startedAt: z.string(),
  topology: z.string(),
  workDir: z.string(),
  /** Absolute paths of what the deployment put into `workDir`, and may remove. */
  ownPaths: z.array(z.string()),
  url: z.string(),
  opsUrl: z.string(),
  /** Earlier versions knew only Traefik and did not write it. */
  router: z.enum(["traefik", "haproxy"]).default("traefik"),
  instances: z.array(z.object({ name: z.string(), url: z.string() })),
  /** Absent if no client subscribes to Realtime. */
  realtime: realtimeSchema.optional(),
  versions: z.record(z.string(), z.string()),
  /** The newest process of each name. */
  processes: z.array(processSchema),
});
export type DeploymentState = z.infer<typeof stateSchema>;

/** In the project's folder, whatever folder the command was called in. */
export const defaultStateDir = fromRoot(".sse-lab", "state");

export type LocalRegistry = DeploymentRegistry<DeploymentState>;

export const localRegistry = (stateDir: string): LocalRegistry =>
  new DeploymentRegistry({
    records: new RecordFolder(stateDir, {
      noun: "deployment",
      schema: stateSchema,
      idOf: ({ id }) => id,
      fix: "remove it by hand",
    }),
    ownerOf: ({ host, owner }) => ({ host, ...owner }),
    withOwner: (state, { host, pid, startTime }) => ({ ...state, host, owner: { pid, startTime } }),
    whyForeign: ({ host, owner }) =>
      isFromHere({ host, ...owner }) ? undefined : describeOwner({ host, ...owner }),
    isUp: ({ processes }) => processes.some(({ identity }) => isRunning(identity)),
  });
