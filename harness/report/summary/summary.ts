/**
 * `summary.json`, schemaVersion 1: what one invocation of the lab measured. Published as
 * `summary.schema.json`.
 */
import { z } from "zod";
import { DEFAULT_GRACE_S } from "../../../common/portable/default-grace.ts";
import { knownToBePublished, shareOf } from "../../checker/judge/outcome.ts";
import type { RunResult } from "../../checker/run-result.ts";
import { figureSchemas } from "./figure-schemas.ts";
import { BOUNCE_NAMES, ENGINES, ROLE_NAMES, SOURCE_NAMES, VERDICT_NAMES } from "../glossary.ts";

const count = z.int().nonnegative();
const figure = z.number().nonnegative();
const ratio = z.number().min(0).max(1);
const name = z.string().min(1);

/** Ratios are quotients of two counts: anything beyond rounding is a contradiction. */
const RATIO_TOLERANCE = 1e-6;

const level = z.strictObject({ first: figure, peak: figure });

const hopFigures = z.strictObject({ p50: figure, p90: figure, p99: figure, max: figure });

/** Older summaries lack newer causes. */
const lostByCauseSchema = z.strictObject({
  "no-route": count,
  "in-flight-at-disconnect": count,
  "while-disconnected": count,
  "replay-window-exceeded": count,
  "epoch-changed": count,
  "broker-gap": count,
  "log-lost": count.default(0),
  quota: count.default(0),
  "started-twice": count.default(0),
  unexplained: count,
} satisfies Record<keyof RunResult["lostByCause"], unknown>);

/** `PartCost` of the checker, field by field. */
const costSchema = z.strictObject({
  part: name,
  role: z.enum(ROLE_NAMES),
  source: z.enum(SOURCE_NAMES),
  cpuSeconds: figure,
  memoryBytes: level,
  socketMemoryBytes: level.nullable(),
  receivedBytes: figure.nullable(),
  sentBytes: figure.nullable(),
  steady: figureSchemas.steadyCost,
});

const runShape = z.strictObject({
  topology: name,
  bounce: z.enum(BOUNCE_NAMES),
  repeat: z.int().positive(),
  order: z.int().positive().nullable().default(null),
  verdict: z.enum(VERDICT_NAMES),
  expectation: z.string(),
  reasons: z.array(z.string()),
  sessions: count,
  due: count,
  delivered: count,
  recovered: count,
  lost: count,
  neverPublished: count,
  missed: count.default(0),
  indeterminate: count,
  duplicated: count,
  reordered: count,
  unexpected: count,
  lossRatio: ratio,
  missedRatio: ratio,
  lostByCause: lostByCauseSchema,
  withoutLedger: figureSchemas.withoutLedger,
  stuckStreams: count,
  stuck: figureSchemas.stuck,
  gates: z.strictObject({
    offered: count,
    answered: count,
    reachedPipeline: count,
    stalled: count,
  }),
  latencyMs: z
    .strictObject({ p50: figure, p90: figure, p99: figure, p999: figure, max: figure })
    .nullable(),
  latency: figureSchemas.latency,
  recoveredDelayMs: figureSchemas.recoveredDelayMs,
  newUsers: figureSchemas.newUsers,
  deploy: figureSchemas.deploy,
  steady: figureSchemas.steady,
  reconnects: z.strictObject({
    count,
    downtimeMs: z.strictObject({ p50: figure, p99: figure, max: figure }).nullable(),
    timeTo95Ms: figure.nullable(),
    timeTo100Ms: figure.nullable(),
    peakPerSecond: figure,
  }),
  affinity: z.strictObject({ hitRatio: ratio.nullable(), misroutes: count }),
  sessionsPerInstance: z.record(z.string(), z.strictObject({ first: count, last: count })),
  bounces: z.array(
    z.strictObject({
      kind: z.enum(BOUNCE_NAMES),
      target: name,
      // Relative to the start of the load, so a disturbance before it has a negative time.
      startedMs: z.number(),
      endedMs: z.number().nullable(),
      // Older summaries have neither.
      open: count.nullable().default(null),
      cut: count.nullable().default(null),
      lost: count,
      reconnects: count,
    }),
  ),
  steps: figureSchemas.steps,
  load: z.strictObject({
    offeredEventsPerSecond: figure,
    achievedEventsPerSecond: figure,
    engineLagMs: z.strictObject({ p99: figure, max: figure }).nullable(),
    // Null if unknown, as when k6 ran on another machine.
    cpuSeconds: figure.nullable(),
    rssBytes: figure.nullable(),
    host: figureSchemas.host,
  }),
  // Summaries older than Realtime have none of these three.
  realtime: z
    .strictObject({
      part: name,
      standIn: z.boolean(),
      plan: name,
      publish: z.enum(["http", "websocket"]),
      catchUp: z.boolean(),
      frontEnd: z.strictObject({ minifiedBytes: count, gzippedBytes: count }),
    })
    .nullable()
    .default(null),
  brokerHop: z
    .strictObject({ waitedMs: hopFigures, carriedMs: hopFigures })
    .nullable()
    .default(null),
  quota: z
    .strictObject({
      neverAdmitted: count,
      refusedAttempts: count,
      cutStreams: count,
      droppedEvents: count,
      // Older summaries have none.
      heldBackMs: figure.default(0),
      words: z.array(z.string()),
    })
    .nullable()
    .default(null),
  // Older summaries have none.
  costs: z.array(costSchema).default([]),
});

type Run = z.infer<typeof runShape>;

const lossRatioOf = (run: Run): number => shareOf(run.lost, knownToBePublished(run));

/** The identities that every run fulfils, each with an error message. */
const contradictions = (run: Run): string[] => {
  const found: string[] = [];
  const outcomes =
    run.lost + run.delivered + run.recovered + run.neverPublished + run.missed + run.indeterminate;
  if (outcomes !== run.due)
    found.push(
      `lost + delivered + recovered + neverPublished + missed + indeterminate is ` +
        `${outcomes}, but due is ${run.due}`,
    );
  const caused = Object.values(run.lostByCause).reduce((sum, lost) => sum + lost, 0);
  if (caused !== run.lost) found.push(`lostByCause adds up to ${caused}, but lost is ${run.lost}`);
  if (run.stuckStreams > run.sessions)
    found.push(`stuckStreams is ${run.stuckStreams}, but there were ${run.sessions} sessions`);
  const differs = (ratio: number, expected: number): boolean =>
    Math.abs(ratio - expected) > RATIO_TOLERANCE;
  // Older summaries divide by due.
  if (
    differs(run.lossRatio, lossRatioOf(run)) &&
    differs(run.lossRatio, shareOf(run.lost, run.due))
  )
    found.push(
      `lossRatio is ${run.lossRatio}, but lost / (delivered + recovered + lost) is ` +
        `${lossRatioOf(run)}`,
    );
  const missed = shareOf(run.due - run.delivered - run.recovered, run.due);
  if (differs(run.missedRatio, missed))
    found.push(
      `missedRatio is ${run.missedRatio}, but (due - delivered - recovered) / due is ${missed}`,
    );
  return found;
};

/**
 * One run: `RunResult` of the checker, field by field. Agreement in both directions is checked in
 * the test.
 */
export const runSchema = runShape
  .superRefine((run, context) => {
    for (const message of contradictions(run)) context.addIssue({ code: "custom", message });
  })
  .transform((run) => ({ ...run, lossRatio: lossRatioOf(run) }));

/**
 * The machine that made the load (and, on the `local` and `docker` platforms, ran the topology
 * too).
 */
export const hostSchema = z.strictObject({
  /** Name, release and architecture, e.g. `Linux 6.1.0 x64`. */
  os: name,
  /** Null: unknown. A summary written by a k6 script does not know its machine. */
  cpus: z.int().positive().nullable(),
  memoryBytes: z.int().positive().nullable(),
  /** Version of Node that runs the harness. */
  node: name,
});

/** How much of a client's back-off is random. */
const JITTERS = ["none", "equal", "full"] as const;

/** The requested load: the same for every run of the summary. */
export const scenarioSchema = z.strictObject({
  topologies: z.array(name),
  bounces: z.array(z.enum(BOUNCE_NAMES)),
  repeat: z.int().positive(),
  sessions: count,
  /** Per session. */
  eventsPerSecond: figure,
  /** `stationary` or `ramp`. Older summaries have neither, and mean `ramp`. */
  arrival: z.enum(["stationary", "ramp"]).default("ramp"),
  /** Longest load of a run with its warm-up (`stationary`), or each pipeline (`ramp`). */
  durationS: figure,
  /** Mean length of a pipeline, of `stationary` loads only. */
  pipelineS: figure.optional(),
  /** Time before figures count, of `stationary` loads only. */
  warmUpS: figure.optional(),
  rampS: figure,
  drainS: figure,
  gates: count,
  payloadBytes: count,
  /**
   * Overrides the replicas of every topology that has more than one. Null: each topology's own
   * number.
   */
  replicas: z.int().positive().nullable(),
  /** `stopped`: topologies with Redis started without it, to show the fallback. */
  redis: z.enum(["up", "stopped"]),
  /**
   * A stopped instance that still runs after this time is killed. 0: at once. Older summaries used
   * the default.
   */
  graceS: figure.default(DEFAULT_GRACE_S),
  /** What bounces had in the place of their defaults: `{ "redis-outage.for": 10 }`. */
  bounceSettings: z.record(name, figure).optional(),
  /** Pairs that were left out, each with the reason. */
  skipped: z
    .array(z.strictObject({ topology: name, bounce: z.enum(BOUNCE_NAMES), why: name }))
    .optional(),
  // Older summaries used the defaults of these.
  /** Of the `retrying` client's back-off when it opens its stream again. */
  jitter: z.enum(JITTERS).default("full"),
  /** What streams said in `retry:`. A drain asks for another wait. */
  retryMs: figure.default(1000),
  /** Interval of the comments to each stream. 0: none. */
  heartbeatS: figure.default(15),
  /** Pipelines of an instance that is silent for this long moved to others, where they move. */
  leaseMs: figure.default(2000),
  // For topologies with Supabase Realtime. Older summaries have none of these.
  /** True: clients fetched missed events from the event log. */
  catchUp: z.boolean().default(false),
  /** The supabase.com plan whose limits applied; `none`: no limits within reach. */
  realtimePlan: name.default("none"),
  /** How events went to Realtime. */
  realtimePublish: z.enum(["http", "websocket"]).default("http"),
  /** True: the load was meant to exceed the plan's limits. */
  overQuota: z.boolean().default(false),
});

export const CLIENTS = ["retrying", "eventsource"] as const;

export const summarySchema = z
  .strictObject({
    schemaVersion: z.literal(1),
    startedAt: z.iso.datetime(),
    /** Null: the comparison was interrupted, and may lack runs. */
    finishedAt: z.iso.datetime().nullable(),
    platform: name,
    engine: z.enum(ENGINES),
    /**
     * The engine's stand-in, by its own name. Null: the engine itself. Older summaries have none.
     */
    engineStandIn: name.nullable().default(null),
    client: z.enum(CLIENTS),
    seed: z.int(),
    host: hostSchema,
    scenario: scenarioSchema,
    runs: z.array(runSchema),
  })
  .meta({
    title: "sse-scaling-lab summary",
    description:
      "Beyond this schema, of every run: lost + delivered + recovered + neverPublished + " +
      "missed + indeterminate == due; lostByCause adds up to lost; stuckStreams <= sessions; " +
      "lossRatio == lost / (delivered + recovered + lost), or lost / due in older files, which " +
      "readers convert; missedRatio == (due - delivered - recovered) / due; 0 of nothing is 0.",
  });

export type Summary = z.infer<typeof summarySchema>;

/**
 * Checks an already parsed `summary.json`.
 * @throws Error that names every field that is missing, unknown, out of range or in contradiction
 *   with another.
 */
export const parseSummary = (value: unknown): Summary => {
  const parsed = summarySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`not a summary of schemaVersion 1:\n${z.prettifyError(parsed.error)}`);
};

/**
 * What `summary.schema.json` holds (JSON Schema, draft 2020-12): what readers accept, so older
 * files are valid too.
 */
export const summaryJsonSchema = (): unknown =>
  z.toJSONSchema(summarySchema, { target: "draft-2020-12", io: "input" });
