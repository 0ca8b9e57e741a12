/** The records of the stacks that are up, shared by the lab's commands and the Pulumi CLI. */
import { dirname } from "node:path";
import { z } from "zod";
import { PUBLISH_WAYS, REALTIME_TIERS } from "../realtime/realtime-settings.ts";
import type { StackRecord } from "./stack-args.ts";
import { movedPath } from "../../common/checkout-identity.ts";
import { fromRoot } from "../../common/paths.ts";
import { FOLDER_LABEL } from "./checkout-label.ts";
import { RecordFolder } from "../../common/files/record-folder.ts";

const port = z.int().min(1).max(65_535);
const realtimeSettings = {
  plan: z.enum(REALTIME_TIERS),
  publish: z.enum(PUBLISH_WAYS),
  catchUp: z.boolean(),
};
const realtimeSchema = z.discriminatedUnion("by", [
  z.object({
    ...realtimeSettings,
    by: z.enum(["standin", "supabase"]),
    keys: z.object({
      jwtSecret: z.string(),
      serviceKey: z.string(),
      anonKey: z.string(),
      databasePassword: z.string(),
      databaseKey: z.string(),
      secretKeyBase: z.string(),
      metricsJwtSecret: z.string(),
      managementJwtSecret: z.string().exactOptional(),
    }),
  }),
  z.object({
    ...realtimeSettings,
    by: z.literal("hosted"),
    hosted: z.object({
      url: z.string(),
      serviceKey: z.string(),
      anonKey: z.string().exactOptional(),
      jwtSecret: z.string(),
    }),
  }),
]);
/** Later additions are optional, so that records of running stacks stay readable. */
const recordSchema = z.object({
  schemaVersion: z.literal(1),
  stack: z.string(),
  topology: z.string(),
  replicas: z.int(),
  images: z.object({
    server: z.string(),
    router: z.string(),
    broker: z.string().exactOptional(),
    realtime: z.string().exactOptional(),
    postgres: z.string().exactOptional(),
    realtimeStandin: z.string().exactOptional(),
  }),
  revision: z.string(),
  graceS: z.number(),
  ports: z.object({
    router: port.exactOptional(),
    dashboard: port.exactOptional(),
    realtime: port.exactOptional(),
    instances: z.array(port).exactOptional(),
  }),
  ledgerDir: z.string().exactOptional(),
  sessionSecret: z.string(),
  settings: z.record(z.string(), z.string()).exactOptional(),
  service: z
    .object({
      name: z.string(),
      port,
      readyPath: z.string(),
      readyWithinS: z.number().exactOptional(),
      stopSignal: z.string(),
      graceS: z.int().exactOptional(),
      user: z.string().exactOptional(),
      environments: z.array(z.record(z.string(), z.string())),
    })
    .exactOptional(),
  redis: z.enum(["up", "stopped"]),
  realtime: realtimeSchema.exactOptional(),
  labels: z.record(z.string(), z.string()),
  startedAt: z.iso.datetime(),
  kept: z.boolean(),
  owner: z.object({ host: z.string(), pid: z.int().positive(), startTime: z.string() }),
  engine: z.string().exactOptional(),
  versions: z.record(z.string(), z.string()).exactOptional(),
}) satisfies z.ZodType<StackRecord>;

/** Its ledgers move with the checkout. The labels stay, because containers have them. */
const movedRecordSchema = recordSchema.transform((record) =>
  record.ledgerDir === undefined || record.labels[FOLDER_LABEL] === undefined
    ? record
    : { ...record, ledgerDir: movedPath(record.ledgerDir, record.labels[FOLDER_LABEL]) },
);

/** In the project's folder, whatever folder the command was called in. */
const defaultRecordsDir = fromRoot("infra", "state", "stacks");

export const stackRecords = (folder: string = defaultRecordsDir): RecordFolder<StackRecord> =>
  new RecordFolder<StackRecord>(folder, {
    noun: "stack",
    schema: movedRecordSchema,
    idOf: ({ stack }) => stack,
    fix: "sse-lab down (it finds the stack's containers by their labels), then remove the file",
    // Pulumi writes its state beside the records, readable by every user, and its passphrase may be
    // empty.
    ...(folder === defaultRecordsDir ? { privateFolder: dirname(defaultRecordsDir) } : {}),
  });
