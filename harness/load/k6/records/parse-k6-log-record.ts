/** Checks a record of the k6 scripts. A console's lines are not trusted. */
import { z } from "zod";
import { BOUNCE_KINDS } from "../../../history/observation.ts";
import { checkObservation } from "../../../history/parse-observation.ts";
import { JITTERS } from "../../portable/back-off.ts";
import { DEFAULT_HEARTBEAT_S } from "../../portable/engine-limits.ts";
import { ARRIVALS, CLIENT_MODELS, type PlannedLoad } from "../../portable/load-plan.ts";
import type {
  ArrivedRecord,
  ClockRecord,
  EndedRecord,
  K6LogRecord,
  PlanRecord,
} from "../../portable/k6-log-records.ts";

const name = z.string().min(1);
const time = z.number();
const amount = z.number().nonnegative();
const count = z.int().nonnegative();

export const loadPlanSchema: z.ZodType<PlannedLoad> = z.object({
  url: z.string().min(1),
  client: z.enum([...CLIENT_MODELS, "realtime"]),
  // Scripts of earlier versions knew one kind, and took no account of the repeat.
  arrival: z.enum(ARRIVALS).default("ramp"),
  sessions: z.int().positive(),
  eventsPerSecond: amount,
  durationS: amount,
  pipelineS: amount.default(0),
  warmUpS: amount.default(0),
  // Of scripts before these settings.
  jitter: z.enum(JITTERS).default("full"),
  heartbeatS: amount.default(DEFAULT_HEARTBEAT_S),
  rampS: amount,
  drainS: amount,
  gates: count,
  payloadBytes: count,
  seed: z.int(),
  repeat: z.int().positive().default(1),
});

const own = {
  "k6-plan": z.object({
    type: z.literal("k6-plan"),
    plan: loadPlanSchema,
    topology: name,
    bounce: z.enum(BOUNCE_KINDS),
    repeat: z.int().positive(),
    replicas: z.int().positive().optional(),
    atMs: time,
  }),
  "k6-clock": z.object({
    type: z.literal("k6-clock"),
    instance: name,
    askedMs: time,
    instanceMs: time,
    answeredMs: time,
  }),
  "k6-arrived": z.object({ type: z.literal("k6-arrived"), session: name, dueMs: time, atMs: time }),
  "k6-ended": z.object({ type: z.literal("k6-ended"), session: name, atMs: time }),
};

/** What of a process's records the scripts write for the harness alone: no observations. */
export type OwnRecord = PlanRecord | ClockRecord | ArrivedRecord | EndedRecord;

const isOwn = (type: string): type is keyof typeof own => Object.hasOwn(own, type);

export const isOwnRecord = (record: K6LogRecord): record is OwnRecord => isOwn(record.type);

/** What the scripts may say of a run. The rest of the history's vocabulary is not theirs. */
const OBSERVED: ReadonlySet<string> = new Set<Exclude<K6LogRecord, OwnRecord>["type"]>([
  "connected",
  "disconnected",
  "connect-failed",
  "received",
  "request",
  "stray",
  "misfit",
  "terminal",
  "replay-gap",
  "gate",
]);

/** @throws Error with the reason */
export function checkRecord(value: unknown): K6LogRecord {
  const type =
    typeof value === "object" && value !== null ? (value as { type?: unknown }).type : undefined;
  if (typeof type !== "string") throw new Error("a record without a type");
  if (isOwn(type)) {
    const parsed = own[type].safeParse(value);
    if (parsed.success) return parsed.data as K6LogRecord;
    const [issue] = parsed.error.issues;
    throw new Error(`${type}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`);
  }
  if (!OBSERVED.has(type)) throw new Error(`a record of type ${type}`);
  return checkObservation(value) as K6LogRecord;
}
