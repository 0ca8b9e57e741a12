/** What {@link jsonFault} looks for. */
export interface JsonRules {
  /** Objects and arrays inside each other. */
  maxDepth: number;
  /** True: also what `JSON.parse` and `JSON.stringify` would change or drop. */
  lossless: boolean;
}

const SPACE = 0x20;
const QUOTE = 0x22;
const MINUS = 0x2d;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const codesOf = (chars: string): ReadonlySet<number> =>
  new Set(Array.from(chars, (char) => char.charCodeAt(0)));
const OPENING = codesOf("[{");
const CLOSING = codesOf("]}");
const IN_NUMBER = codesOf("+-.eE");

/**
 * Scans a text that `JSON.parse` accepts. Returns what is wrong with it, as the end of a sentence
 * that begins with the text's name, or undefined. Its stack does not grow with the depth.
 */
export function jsonFault(text: string, rules: JsonRules): string | undefined {
  /** The keys of each open object; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    let end = at + 1;
    let fault: string | undefined;
    if (code === QUOTE) {
      end = endOfString(text, at);
      const keys = rules.lossless && isKey(text, end) ? open.at(-1) : undefined;
      fault = stringFault(text.slice(at, end), keys);
    } else if (isDigit(code) || code === MINUS) {
      end = endOfNumber(text, at);
      fault = numberFault(text.slice(at, end), rules.lossless);
    } else if (OPENING.has(code)) {
      if (open.length === rules.maxDepth)
        return `is nested deeper than ${rules.maxDepth} levels; send a flatter value`;
      open.push(code === OPEN_OBJECT ? new Set() : undefined);
    } else if (CLOSING.has(code)) open.pop();
    if (fault !== undefined) return fault;
    at = end;
  }
  return undefined;
}

/** The index after the closing quote. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

/** Whether a colon follows: blanks of JSON are the only codes up to the space. */
function isKey(text: string, end: number): boolean {
  let next = end;
  while (text.charCodeAt(next) <= SPACE) next++;
  return text.charCodeAt(next) === COLON;
}

/** @param keys of the object, if the text is a key */
function stringFault(raw: string, keys: Set<string> | undefined): string | undefined {
  const isEscaped = raw.includes("\\");
  const value = isEscaped ? (JSON.parse(raw) as string) : raw;
  if (isEscaped && /\p{Surrogate}/u.test(value))
    return `has half a surrogate pair in ${show(raw)}; send whole characters`;
  if (keys === undefined) return undefined;
  const key = isEscaped ? value : raw.slice(1, -1);
  if (key === "__proto__") return "has the key __proto__, which is lost; use another name";
  if (keys.has(key)) return `has the key ${show(raw)} twice; send it once`;
  keys.add(key);
  return undefined;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (isDigit(text.charCodeAt(end)) || IN_NUMBER.has(text.charCodeAt(end))) end++;
  return end;
}

function numberFault(token: string, isLossless: boolean): string | undefined {
  const value = Number(token);
  if (!Number.isFinite(value)) return `has the number ${show(token)}, which has no finite value`;
  const written = String(value);
  if (!isLossless || token === written || decimalOf(token) === decimalOf(written)) return undefined;
  return `has the number ${show(token)}, which arrives as ${written}; send it as text`;
}

/** The exact value as text: equal for 1, 1.0 and 10e-1, but not for 0 and -0. */
function decimalOf(token: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(token) ?? [];
  const digits = whole + fraction;
  let from = 0;
  while (digits[from] === "0") from++;
  let to = digits.length;
  while (to > from && digits[to - 1] === "0") to--;
  if (from === to) return `${sign}0`;
  return `${sign}${digits.slice(from, to)}e${Number(exponent) + whole.length - from}`;
}

const SHOWN_CHARS = 40;
const show = (text: string): string =>
  text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}...` : text;
