import { OBSERVATION_SHAPES } from "./observation-shapes.ts";
import type { FieldCheck } from "./observation-shapes.ts";
import type { Observation } from "./observation.ts";

const CHECKS_BY_TYPE: ReadonlyMap<unknown, readonly (readonly [string, FieldCheck])[]> = new Map(
  Object.entries(OBSERVATION_SHAPES).map(([type, shape]) => [type, Object.entries(shape)]),
);

/**
 * Reads one line of a history. Fields that this version does not know are kept and ignored, so that an older checker can
 * judge a newer history; missing or mistyped ones are refused. A table instead of zod: a history has millions of lines.
 * @throws Error with the reason, without the line's number: {@link readHistory} knows it.
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
 * As {@link parseObservation}, of what has been parsed already.
 * @param text what an error shows of a value that is no object
 */
export function checkObservation(value: unknown, text = JSON.stringify(value)): Observation {
  if (typeof value !== "object" || value === null) throw new Error(`is not an object: ${excerpt(text)}`);
  const fields = value as Record<string, unknown>;
  const checks = CHECKS_BY_TYPE.get(fields["type"]);
  if (checks === undefined) throw new Error(`has an unknown type: ${excerpt(String(fields["type"]))}`);
  for (const [name, check] of checks) {
    const found = fields[name];
    if (found === undefined ? check.optional : check.accepts(found)) continue;
    const got = found === undefined ? "is missing" : `is ${excerpt(JSON.stringify(found))}`;
    throw new Error(`${String(fields["type"])}: ${name} must be ${check.expected}, but it ${got}`);
  }
  return value as Observation;
}

const excerpt = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}...` : text);
