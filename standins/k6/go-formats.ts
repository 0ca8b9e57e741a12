/** Text formats of Go that k6 shows to scripts. */
const UNITS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Parses a duration like Go's `time.ParseDuration`, to ms. Every value but 0 needs a unit.
 *
 * @throws Error with Go's text, e.g. `time: missing unit in duration "1000"`
 */
export function parseGoDuration(text: string): number {
  const unsigned = text.replace(/^[+-]/, "");
  if (unsigned === "0") return 0;
  if (/^[\d.]+$/.test(unsigned)) throw new Error(`time: missing unit in duration "${text}"`);
  const parts = [...unsigned.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (unsigned === "" || parts.map((part) => part[0]).join("") !== unsigned) {
    throw new Error(`time: invalid duration "${text}"`);
  }
  const total = parts.reduce((sum, part) => sum + Number(part[1]) * (UNITS[part[2] ?? ""] ?? 0), 0);
  return text.startsWith("-") ? -total : total;
}

/** Parses a duration of k6's options: a number, or text without a unit, is milliseconds. */
export function parseK6Duration(value: unknown): number {
  if (typeof value === "number") return value;
  const text = value as string;
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : parseGoDuration(text);
}

/** The name of a header in Go's format: `x-instance` is `X-Instance`. */
export function canonicalHeader(name: string): string {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return name;
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** Converts Node's list of raw names and values to Go's map; several values are joined. */
export function canonicalHeaders(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = canonicalHeader(raw[index] ?? "");
    const value = raw[index + 1] ?? "";
    // Go leaves out the transfer encoding.
    if (name === "Transfer-Encoding") continue;
    headers[name] = name in headers ? `${headers[name] ?? ""}, ${value}` : value;
  }
  return headers;
}
