/** One step of a case that came out otherwise than the notes say. */
export class Mismatch extends Error {
  override name = "Mismatch";
  readonly expected: string;
  readonly seen: string;

  constructor(expected: string, seen: string) {
    super(`expected ${expected}, seen ${seen}`);
    this.expected = expected;
    this.seen = seen;
  }
}

const LONGEST = 600;

/** What was seen, short enough for a line. */
export function show(seen: unknown): string {
  const text = (JSON.stringify(seen) as string | undefined) ?? String(seen);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}... (${text.length} characters)` : text;
}
