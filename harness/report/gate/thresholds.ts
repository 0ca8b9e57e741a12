/** The most that a gate allows, by topology and bounce: `sse-lab.thresholds.yaml`. */
import { parseDocument } from "yaml";
import { z } from "zod";
import { UserError } from "../../../common/user-error.ts";
import type { RunResult } from "../../checker/run-result.ts";
import { BOUNCE_NAMES } from "../glossary.ts";

const share = z.number().min(0).max(1);

const limitsSchema = z.strictObject({
  /** Share of published events that never arrived. */
  lost: share.optional(),
  /** Share of streams without their last event. */
  stuck: share.optional(),
  /** Delivery, milliseconds. */
  p50: z.number().positive().optional(),
  p99: z.number().positive().optional(),
  /** Seconds until every cut stream is back. */
  backWithin: z.number().positive().optional(),
});

export type Limits = z.infer<typeof limitsSchema>;
export type LimitName = keyof Limits;
export const LIMIT_NAMES = Object.keys(limitsSchema.shape) as LimitName[];

const thresholdsSchema = z.record(
  z.string().min(1),
  z.partialRecord(z.enum(BOUNCE_NAMES), limitsSchema),
);

export type Thresholds = z.infer<typeof thresholdsSchema>;

const EVERY_OTHER = "*";

/**
 * @param path shown in errors
 * @throws UserError that names the file, and the line or the key that is wrong
 */
export const parseThresholds = (text: string, path: string): Thresholds => {
  const document = parseDocument(text);
  const [wrong] = document.errors;
  if (wrong !== undefined) throw new UserError(`${path}: ${wrong.message.trim()}`);
  const parsed = thresholdsSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  throw new UserError(
    `${path}: ${z.prettifyError(parsed.error)}\n` +
      `Give limits by topology and bounce, such as "phase2: { rolling: { lost: 0.05 } }"; ` +
      `limits are ${LIMIT_NAMES.join(", ")}`,
  );
};

/** A topology's own limits go before those of every other one, each by itself. */
export const limitsFor = (
  thresholds: Thresholds,
  topology: string,
  bounce: RunResult["bounce"],
): Limits => ({ ...thresholds[EVERY_OTHER]?.[bounce], ...thresholds[topology]?.[bounce] });
