import { OBSERVATION_SHAPES } from "./observation-shapes.ts";
import type { FieldCheck } from "./observation-shapes.ts";
import type { Observation } from "./observation.ts";

const CHECKS_BY_TYPE: ReadonlyMap<unknown, readonly (readonly [string, FieldCheck])[]> = new Map(
  Object.entries(OBSERVATION_SHAPES).map(([type, shape]) => [type, Object.entries(shape)]),
);

/**
 * Parses one line of a history. It keeps unknown fields, so that an older checker can judge a newer
 * history, and refuses missing or mistyped ones. A table replaces zod, because a history has
 * millions of lines.
 * @throws Error with the reason, but without the line number, which {@link readHistory} adds
 */
export function parseObservation(line: string): Observation {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Error(`is not JSON: ${excerpt(line)}`);
  }
  return checkObservation(value, line);
}

/**
 * Like {@link parseObservation}, for a parsed value.
 * @param text the value's text for an error message
 */
export function checkObservation(value: unknown, text = JSON.stringify(value)): Observation {
  if (typeof value !== "object" || value === null)
    throw new Error(`is not an object: ${excerpt(text)}`);
  const fields = value as Record<string, unknown>;
  const checks = CHECKS_BY_TYPE.get(fields["type"]);
  if (checks === undefined)
    throw new Error(`has an unknown type: ${excerpt(String(fields["type"]))}`);
  for (const [name, check] of checks) {
    const found = fields[name];
    if (found === undefined ? check.optional : check.accepts(found)) continue;
    const got = found === undefined ? "is missing" : `is ${excerpt(JSON.stringify(found))}`;
    throw new Error(`${String(fields["type"])}: ${name} must be ${check.expected}, but it ${got}`);
  }
  return value as Observation;
}

const excerpt = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}...` : text);
