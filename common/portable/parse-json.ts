/**
 * The value of a JSON text from outside, to be checked against a schema; `undefined` when it is not
 * JSON.
 */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
