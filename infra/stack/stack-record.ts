/** The records of the stacks that are up: what both doors and every later command know of them. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { PUBLISH_WAYS, REALTIME_TIERS } from "../realtime/realtime-settings.ts";
import type { StackRecord } from "./stack-args.ts";
import { fromRoot } from "../../common/paths.ts";
import { UserError } from "../../common/user-error.ts";

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
/** What came with a later version is optional: records of stacks that are up stay readable. */
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
  redis: z.enum(["up", "stopped"]),
  realtime: realtimeSchema.exactOptional(),
  labels: z.record(z.string(), z.string()),
  startedAt: z.iso.datetime(),
  kept: z.boolean(),
  owner: z.object({ host: z.string(), pid: z.int().positive(), startTime: z.string() }),
}) satisfies z.ZodType<StackRecord>;

/** A record that is there and cannot be understood. Never carries its content: that holds a secret. */
export class StackRecordError extends UserError {
  readonly path: string;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    const fix = "sse-lab down (it finds the stack's containers by their labels), then remove the file";
    super(`${path}: ${problem}`, fix, options);
    this.path = path;
  }
}

/** The project's own folder, whatever folder the command was called in. */
const STATE_DIR = fromRoot("infra", "state");
export const defaultRecordsDir = join(STATE_DIR, "stacks");

export const stackRecordFile = (stack: string, recordsDir = defaultRecordsDir): string => {
  if (!/^[A-Za-z0-9._-]+$/.test(stack) || stack.startsWith(".")) {
    throw new Error(`stack ${JSON.stringify(stack)}: not a name; give letters, digits and hyphens`);
  }
  return join(recordsDir, `${stack}.json`);
};

const parse = (path: string, text: string): StackRecord => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The engine's message quotes the text, which holds a secret.
    throw new StackRecordError(path, "not JSON");
  }
  const { data, error } = recordSchema.safeParse(json);
  if (data) return data;
  const issues = error.issues.map((issue) => `${issue.path.join(".") || "(all of it)"}: ${issue.message}`);
  throw new StackRecordError(
    path,
    `not a stack's record that this version understands (${issues.join("; ")})`,
  );
};

/** @throws StackRecordError when there is one that cannot be read */
export const readStackRecord = (stack: string, recordsDir = defaultRecordsDir): StackRecord | undefined => {
  const path = stackRecordFile(stack, recordsDir);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new StackRecordError(path, `cannot be read: ${message}`, { cause: error });
  }
  const record = parse(path, text);
  if (record.stack !== stack) throw new StackRecordError(path, `is the record of stack "${record.stack}"`);
  return record;
};

/** Synchronous and always complete, so that nothing can come between a change and its record. */
export const writeStackRecord = (record: StackRecord, recordsDir = defaultRecordsDir): void => {
  const path = stackRecordFile(record.stack, recordsDir);
  mkdirSync(recordsDir, { recursive: true, mode: 0o700 });
  // Pulumi's state lies beside the records, readable for everybody as Pulumi writes it, and its passphrase may be the empty one.
  if (recordsDir === defaultRecordsDir) chmodSync(STATE_DIR, 0o700);
  const draft = `${path}.${process.pid}.tmp`;
  // The mode counts for a new file only; a draft of a process that had this pid may be there.
  rmSync(draft, { force: true });
  writeFileSync(draft, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, path);
};

/** Nothing happens when there is none. */
export const removeStackRecord = (stack: string, recordsDir = defaultRecordsDir): void => {
  const path = stackRecordFile(stack, recordsDir);
  rmSync(path, { force: true });
  for (const name of listFolder(recordsDir)) {
    if (name.startsWith(`${stack}.json.`) && name.endsWith(".tmp"))
      rmSync(join(recordsDir, name), { force: true });
  }
};

export interface StoredStackRecords {
  /** Oldest first. */
  records: StackRecord[];
  /** What is there and cannot be understood; left alone. */
  unreadable: StackRecordError[];
}

export const listStackRecords = (recordsDir = defaultRecordsDir): StoredStackRecords => {
  const found: StoredStackRecords = { records: [], unreadable: [] };
  for (const name of listFolder(recordsDir)
    .filter((one) => one.endsWith(".json"))
    .sort()) {
    try {
      const record = readStackRecord(name.slice(0, -".json".length), recordsDir);
      // Undefined: removed by its owner between the listing and the reading.
      if (record) found.records.push(record);
    } catch (error) {
      const path = join(recordsDir, name);
      found.unreadable.push(
        error instanceof StackRecordError
          ? error
          : new StackRecordError(path, String(error), { cause: error }),
      );
    }
  }
  found.records.sort((one, other) => Date.parse(one.startedAt) - Date.parse(other.startedAt));
  return found;
};

const listFolder = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
};
