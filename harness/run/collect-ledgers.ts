/** Turns the instances' ledgers into observations: the record of what was published. */
import { z } from "zod";
import { readLines } from "../../common/files/read-text.ts";
import { TERMINAL_EVENT_TYPES } from "../../server/src/contract/events.ts";
import type { LedgerRecord } from "../../server/src/contract/ledger.ts";
import type { Observation } from "../history/observation.ts";
import type { LedgerFile } from "../platform/platform.ts";

const name = z.string().min(1);
/** What a history refuses makes a ledger torn, and not the history unreadable. */
const run = { sessionId: name, epoch: name, atMs: z.number() };
const count = z.int().nonnegative();

const ledgerRecord = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("boot"),
    instance: name,
    pid: z.number(),
    broadcaster: z.string(),
    atMs: z.number(),
  }),
  z.object({
    kind: z.literal("broker"),
    state: z.enum(["up", "down", "limited"]),
    atMs: z.number(),
    reason: z.string().optional(),
  }),
  z.object({
    kind: z.literal("published"),
    ...run,
    seq: count,
    event: z.string(),
    intendedMs: z.number(),
    route: z.enum(["local", "broker", "fallback"]),
  }),
  z.object({
    kind: z.literal("dropped"),
    ...run,
    seq: count,
    reason: z.enum(["quota", "outage", "refused", "fenced"]),
  }),
  z.object({
    kind: z.literal("pipeline"),
    ...run,
    state: z.enum(["started", "completed", "aborted", "handed-over", "resumed"]),
    total: count,
    reason: z.string().optional(),
  }),
  z.object({
    kind: z.literal("gate"),
    ...run,
    gate: name,
    state: z.enum(["offered", "reached"]),
  }),
  z.object({ kind: z.literal("drain"), state: z.enum(["started", "ended"]), atMs: z.number() }),
]);

/** Which session of the plan has which id in the ledgers. */
export type SessionNames = ReadonlyMap<string, string>;

/**
 * Reads every ledger and yields its records. `incarnations`: how many processes each instance had.
 * A process without a file is recorded as `missing`, a file that ends inside a line as `torn`.
 * Needs memory for one line only.
 */
export async function* collectLedgers(
  files: readonly LedgerFile[],
  incarnations: ReadonlyMap<string, number>,
  names: SessionNames,
): AsyncGenerator<Observation> {
  const found = new Map<string, number>();
  for (const file of files) {
    found.set(file.instance, (found.get(file.instance) ?? 0) + 1);
    yield* collectLedger(file, names);
  }
  for (const [instance, count] of incarnations) {
    for (let missing = found.get(instance) ?? 0; missing < count; missing += 1) {
      yield { type: "ledger", instance, state: "missing", records: 0 };
    }
  }
}

/** Of the broker's states before the run, the last one still holds when it begins. */
async function* collectLedger(
  { instance, path, sinceMs = -Infinity }: LedgerFile,
  names: SessionNames,
): AsyncGenerator<Observation> {
  let before: Observation | undefined;
  let records = 0;
  let torn = false;
  for await (const line of readLines(path)) {
    const record = parseRecord(line);
    torn = record === undefined;
    if (record === undefined) break;
    records += 1;
    const observation = toObservation(record, instance, names);
    if (observation?.type === "broker" && observation.atMs < sinceMs) before = observation;
    else if (observation) yield observation;
  }
  if (before) yield before;
  // Each process first writes a boot record, so an empty file means that writing failed.
  yield { type: "ledger", instance, state: torn || records === 0 ? "torn" : "read", records };
}

function parseRecord(line: string): LedgerRecord | undefined {
  try {
    return ledgerRecord.parse(JSON.parse(line)) as LedgerRecord;
  } catch {
    return undefined;
  }
}

/** Skips a session that is not in the plan, or whose creation was never answered. */
function toObservation(
  record: LedgerRecord,
  instance: string,
  names: SessionNames,
): Observation | undefined {
  if (record.kind === "boot" || record.kind === "drain") return undefined;
  if (record.kind === "broker")
    return { type: "broker", instance, state: record.state, atMs: record.atMs };
  const session = names.get(record.sessionId);
  if (session === undefined) return undefined;
  const { epoch, atMs } = record;
  switch (record.kind) {
    case "published":
      return {
        type: "published",
        session,
        epoch,
        seq: record.seq,
        ...(TERMINAL_EVENT_TYPES.has(record.event) ? { terminal: true } : {}),
        instance,
        intendedMs: record.intendedMs,
        atMs,
        route: record.route,
      };
    case "dropped":
      return {
        type: "dropped",
        session,
        epoch,
        seq: record.seq,
        instance,
        reason: record.reason,
        atMs,
      };
    case "pipeline":
      return {
        type: "pipeline",
        session,
        epoch,
        instance,
        state: record.state,
        total: record.total,
        ...(record.reason === undefined ? {} : { reason: record.reason }),
        atMs,
      };
    case "gate":
      return { type: "gate", session, gate: record.gate, state: record.state, atMs };
  }
}
