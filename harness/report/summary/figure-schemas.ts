/** The schemas of `run-figures.ts`, field by field. Older summaries have none of these figures. */
import { z } from "zod";
import type { MissedPlace } from "../../checker/judge/counts.ts";
import { CAUSE_NAMES } from "../glossary.ts";

const count = z.int().nonnegative();
const figure = z.number().nonnegative();
const share = z.number().min(0).max(1);

const percentiles = { p50: figure, p90: figure, p99: figure, p999: figure, max: figure };
const durations = z.strictObject({ samples: count, ...percentiles });
const latency = z.strictObject({
  samples: count,
  ...percentiles,
  resolved: z.boolean(),
  floorMs: figure,
});
const requests = z.strictObject({
  count,
  failed: count,
  retries: count,
  durationMs: durations.nullable(),
});
const steps = z.strictObject({
  create: requests,
  connect: requests,
  start: requests,
  gate: requests,
  begin: requests,
});
const spread = z.strictObject({ streams: count, mean: figure, deviation: figure });
const level = z.strictObject({ p50: share, max: share });

export const figureSchemas = {
  latency: z
    .strictObject({ total: latency, lateness: latency, delivery: latency })
    .nullable()
    .default(null),
  recoveredDelayMs: durations.nullable().default(null),
  newUsers: z.strictObject({ during: steps, outside: steps }).nullable().default(null),
  deploy: z
    .strictObject({
      lengthS: figure.nullable(),
      running: count,
      killed: count,
      killedNewcomers: count,
      outlasting: z
        .strictObject({ pipelines: count, killed: count, graceS: figure })
        .nullable()
        .default(null),
      open: count,
      dark: count,
      blackoutS: z.strictObject({ livedOn: spread, doomed: spread }),
      stuckLivedOn: z.strictObject({ stuck: count, of: count }),
      away: z.strictObject({
        cut: count,
        neverBack: count,
        p50Ms: figure.nullable(),
        p99Ms: figure.nullable(),
      }),
      storm: z.strictObject({
        peakPerSecond: count,
        peakPerCutStream: figure.nullable(),
        curve: z.array(count).default([]),
      }),
      collateral: count,
      withoutLedger: z
        .strictObject({ missed: spread, stuck: count, of: count })
        .nullable()
        .default(null),
    })
    .nullable()
    .default(null),
  steady: z
    .strictObject({
      streamHours: figure,
      lost: count,
      incidents: count,
      lossesPerStreamHour: figure,
      incidentsPerStreamHour: figure,
      incidentsPerStreamHourAtMost: figure,
    })
    .nullable()
    .default(null),
  steps: z
    .array(
      z.strictObject({
        name: z.string(),
        startedMs: z.number(),
        endedMs: z.number().nullable(),
        allowedCauses: z.array(z.enum(CAUSE_NAMES)),
        due: count,
        delivered: count,
        recovered: count,
        lost: count,
        neverPublished: count,
        missed: count,
        indeterminate: count,
        lostByCause: z.partialRecord(z.enum(CAUSE_NAMES), count),
        published: count,
        overBroker: count,
        failed: z.strictObject({ requests: count, streams: count }),
        cut: count,
        deliveryMs: durations.nullable(),
      }),
    )
    .nullable()
    .default(null),
  stuck: z
    .strictObject({
      died: count,
      terminalLost: count,
      gaveUp: count,
      neverStarted: count,
      open: count,
      untold: count.default(0),
    })
    .nullable()
    .default(null),
  withoutLedger: z
    .strictObject({
      sequence: z.boolean(),
      total: z.boolean(),
      terminal: z.boolean(),
      missedIn: z.strictObject({
        "never-connected": count,
        "nothing-arrived": count,
        "on-a-stream": count,
        "at-a-reconnect": count,
        "after-last": count,
      } satisfies Record<MissedPlace, unknown>),
      events: count,
      perSession: spread,
      silenceMs: durations.nullable(),
    })
    .nullable()
    .default(null),
  host: z
    .strictObject({ busyShare: level, stealShare: level, pressureShare: level.nullable() })
    .nullable()
    .default(null),
  steadyCost: z
    .strictObject({
      seconds: figure,
      streams: figure,
      cores: figure,
      receivedBytesPerSecond: figure.nullable(),
      sentBytesPerSecond: figure.nullable(),
    })
    .nullable()
    .default(null),
};
