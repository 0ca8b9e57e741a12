export type JsonObject = Record<string, unknown>;

/** Whether a value that `JSON.parse` returned is an object in the sense of JSON. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
