export type JsonObject = Record<string, unknown>;

/** Whether a value that JSON.parse made is an object, in JSON's sense of the word. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
