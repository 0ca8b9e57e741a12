/** `$${` stands for a plain `${`. */
const PLACEHOLDER = /\$\$\{|\$\{([^}]*)\}/g;

/** Names of the placeholders in a text. */
export const placeholdersOf = (text: string): string[] =>
  [...text.matchAll(PLACEHOLDER)].flatMap(([, name]) => (name === undefined ? [] : [name]));

/** Calls `visit` with each text in a value, and the path to it. */
export function visitTexts(
  value: unknown,
  path: readonly (string | number)[],
  visit: (text: string, path: readonly (string | number)[]) => void,
): void {
  if (typeof value === "string") visit(value, path);
  else if (Array.isArray(value))
    value.forEach((item: unknown, index) => visitTexts(item, [...path, index], visit));
  else if (typeof value === "object" && value !== null)
    for (const [key, item] of Object.entries(value)) visitTexts(item, [...path, key], visit);
}

/** The value with every text replaced. */
export const mapTexts = <T>(value: T, map: (text: string) => string): T => {
  if (typeof value === "string") return map(value) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => mapTexts(item, map)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapTexts<unknown>(item, map)]),
  ) as T;
};

/** The text with the placeholders that `valueOf` knows replaced, and all others as they are. */
export const replacePlaceholders = (
  text: string,
  valueOf: (name: string) => string | undefined,
): string =>
  text.replaceAll(PLACEHOLDER, (whole, name: string | undefined) =>
    name === undefined ? whole : (valueOf(name) ?? whole),
  );
