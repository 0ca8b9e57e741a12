import type { Threshold } from "k6/options";

const EXAMPLE = `{"sse_event_latency":[{"threshold":"p(99)<500","abortOnFail":true}]}`;

/**
 * Reads thresholds as k6's options hold them, from JSON. k6 itself checks the expressions.
 * @returns the thresholds by metric, or what is wrong with the text
 */
export function readThresholds(text: string): Record<string, Threshold[]> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `is not JSON (${String(error)}); write for example ${EXAMPLE}`;
  }
  if (!isObject(value)) return `is no object of metrics; write for example ${EXAMPLE}`;
  for (const [metric, list] of Object.entries(value))
    if (!Array.isArray(list) || !list.every(isThreshold))
      return `${metric} needs a list of expressions; write for example ${EXAMPLE}`;
  return value as Record<string, Threshold[]>;
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isThreshold = (value: unknown): boolean =>
  typeof value === "string" ||
  (isObject(value) && "threshold" in value && typeof value.threshold === "string");
