/**
 * The state of a local deployment, `.sse-lab/state/<id>.json`: all that a later command needs to
 * change or remove it. Written before the first process starts and after every change.
 */
import { z } from "zod";
import { checkoutId, describeCheckout, movedPath } from "../../../common/checkout-identity.ts";
import { fromRoot, PROJECT_ROOT } from "../../../common/paths.ts";
import { isRunning } from "../../../common/processes/process-identity.ts";
import { RecordFolder } from "../../../common/files/record-folder.ts";
import { PUBLISH_WAYS, REALTIME_TIERS } from "../../../infra/realtime/realtime-settings.ts";
import { DeploymentRegistry } from "../registry/deployment-registry.ts";
import { describeOwner, isFromHere } from "../../../common/processes/owner.ts";

const identitySchema = z.object({
  pid: z.number().int().positive(),
  startTime: z.string(),
  group: z.literal(true).optional(),
});
const processSchema = z.object({
  identity: identitySchema,
  spec: z.object({
    name: z.string(),
    command: z.string(),
    args: z.array(z.string()),
    env: z.record(z.string(), z.string()),
    cwd: z.string(),
    logFile: z.string(),
    group: z.literal(true).optional(),
  }),
  /** How often a process of that name was started. */
  starts: z.number().int().positive().default(1),
});
const serviceSchema = z.object({
  name: z.string(),
  readyPath: z.string(),
  readyWithinMs: z.number().positive().optional(),
  stopSignal: z.string().transform((signal) => signal as NodeJS.Signals),
  graceMs: z.number().nonnegative().optional(),
});
const realtimeSchema = z.object({
  /** Name of the process, if the lab runs it. */
  name: z.string(),
  standIn: z.boolean(),
  /** As clients reach it. */
  url: z.string(),
  /** Answers 200 once it takes connections. Absent for a hosted one, which has no process here. */
  healthUrl: z.string().optional(),
  /** Absent in states of earlier versions. */
  settings: z
    .object({
      plan: z.enum(REALTIME_TIERS),
      publish: z.enum(PUBLISH_WAYS),
      catchUp: z.boolean(),
      hosted: z.boolean(),
    })
    .optional(),
});
const stateSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  /** Absent in states of earlier versions. */
  checkout: z.object({ id: z.string(), root: z.string() }).optional(),
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
  /** A program of the user. Absent: the lab's own server. */
  service: serviceSchema.optional(),
  /** The instances as the router reaches them. Absent in states of earlier versions. */
  routed: z.array(z.object({ name: z.string(), url: z.string() })).optional(),
  /** The address of Redis. Absent without it, or if it was not started. */
  broker: z.object({ port: z.number() }).optional(),
  /** Takes orders to cut links. Absent without a relay. */
  relayUrl: z.string().optional(),
  /** Absent if no client subscribes to Realtime. */
  realtime: realtimeSchema.optional(),
  versions: z.record(z.string(), z.string()),
  /** The newest process of each name. */
  processes: z.array(processSchema),
});
export type DeploymentState = z.infer<typeof stateSchema>;

/** All its paths move with the checkout: logs, programs, folders. */
const movedStateSchema = stateSchema.transform((state): DeploymentState => {
  const { checkout } = state;
  if (checkout === undefined || checkout.root === PROJECT_ROOT) return state;
  const move = (_: string, value: unknown): unknown =>
    typeof value === "string" ? movedPath(value, checkout.root) : value;
  const moved = JSON.parse(JSON.stringify(state), move) as DeploymentState;
  return { ...moved, checkout: { ...checkout, root: PROJECT_ROOT } };
});

/** In the project's folder, whatever folder the command was called in. */
export const defaultStateDir = fromRoot(".sse-lab", "state");

export type LocalRegistry = DeploymentRegistry<DeploymentState>;

export const localRegistry = (stateDir: string): LocalRegistry =>
  new DeploymentRegistry({
    records: new RecordFolder(stateDir, {
      noun: "deployment",
      schema: movedStateSchema,
      idOf: ({ id }) => id,
      fix: "remove it by hand",
    }),
    ownerOf: ({ host, owner }) => ({ host, ...owner }),
    withOwner: (state, { host, pid, startTime }) => ({ ...state, host, owner: { pid, startTime } }),
    whyForeign: ({ checkout, host, owner }) => {
      if (checkout && checkout.id !== checkoutId()) return describeCheckout(checkout.id);
      return isFromHere({ host, ...owner }) ? undefined : describeOwner({ host, ...owner });
    },
    isUp: ({ processes }) => processes.some(({ identity }) => isRunning(identity)),
  });
