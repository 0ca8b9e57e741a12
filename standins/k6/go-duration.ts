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
 * Milliseconds of a duration as Go's `time.ParseDuration` reads it: a unit is needed but for 0.
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

/** As k6 reads a duration of its own options: a number, or text without a unit, is milliseconds. */
export function parseK6Duration(value: unknown): number {
  if (typeof value === "number") return value;
  const text = value as string;
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : parseGoDuration(text);
}
