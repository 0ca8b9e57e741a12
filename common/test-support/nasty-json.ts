/** JSON that breaks readers: a corpus, a generator, and a judge that does not use `JSON.parse`. */
import fc from "fast-check";

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

/** Values that cannot be carried unchanged, by what is wrong with them. All but two are JSON. */
export const REFUSED_VALUES: Readonly<Record<string, string | Buffer>> = {
  "an integer beyond 2^53": "9007199254740993",
  "a number beyond the largest double": "1e400",
  "a number below the smallest double": "1e-400",
  "more digits than a double has": "0.1234567890123456789",
  "minus zero": "-0",
  "half a surrogate pair": '"cut here \\ud83d"',
  "the other half": '"\\ude00"',
  "half a surrogate pair in a key": '{"\\ud83d":1}',
  "the key __proto__": '{"a":{"__proto__":{"b":1}}}',
  "an escaped __proto__": '{"\\u005f_proto__":1}',
  "a key twice": '{"a":1,"\\u0061":2}',
  "101 levels": nested(101),
  "6,000 levels": nested(6000),
  "bytes that are no UTF-8": Buffer.from([0x22, 0xff, 0xfe, 0x22]),
  "an encoded surrogate": Buffer.from([0x22, 0xed, 0xa0, 0xbd, 0x22]),
};

/** Values that look bad and arrive as they are. */
export const CARRIED_VALUES: Readonly<Record<string, string>> = {
  NUL: '"\\u0000"',
  "line separators": '"\\u2028\u2029\\u0085\\r\\n\\n"',
  "a field of a stream": '"x\\n\\nevent: reconnect\\ndata: {}"',
  "a surrogate pair": '"\\ud83d\\ude00\u{1f600}"',
  "U+FFFD itself": '"\ufffd"',
  "the largest safe integer": "9007199254740991",
  "the largest double": "1.7976931348623157e308",
  "other ways to write numbers": "[1.0,1e2,10E-1,0.5e1,1e21]",
  "special names": '{"constructor":{"prototype":1},"toJSON":1,"length":2,"":3,"1":4}',
  "the words of JSON": "[true,false,null,{},[],{}]",
  "90 levels": nested(90),
  "10,000 elements": `[${"1,".repeat(9999)}1]`,
};

/** Runs of one property, and their seed: FUZZ_RUNS and FUZZ_SEED of the environment. */
export const fuzzing = (defaultRuns: number): { numRuns: number; seed: number } => ({
  numRuns: Number(process.env["FUZZ_RUNS"] ?? defaultRuns),
  seed: Number(process.env["FUZZ_SEED"] ?? 1),
});

/**
 * As {@link fuzzing} for a property of a batch of inputs: what is slow for each input is waited for
 * once.
 */
export const fuzzingBatches = (
  defaultRuns: number,
  size: number,
): { numRuns: number; seed: number } => {
  const { numRuns, seed } = fuzzing(defaultRuns);
  return { numRuns: Math.ceil(numRuns / size), seed };
};

export const batchOf = <T>(one: fc.Arbitrary<T>, size: number): fc.Arbitrary<T[]> =>
  fc.array(one, { minLength: size, maxLength: size });

const words = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const digits = fc.string({
  unit: fc.constantFrom(...Array.from("0123456789")),
  minLength: 1,
  maxLength: 22,
});
const exponent = fc.oneof(
  fc.constant(""),
  fc.integer({ min: -420, max: 420 }).map((e) => `e${e}`),
);
const number = fc.oneof(
  { weight: 4, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
  { weight: 4, arbitrary: fc.integer().map(String) },
  fc.tuple(words("", "-"), digits, words("", "."), digits, exponent).map((parts) => parts.join("")),
);
const inString = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: "grapheme", maxLength: 6 }) },
  fc.string({ unit: "binary", maxLength: 3 }),
  fc.integer({ min: 0, max: 0xffff }).map((code) => `\\u${code.toString(16).padStart(4, "0")}`),
  words("\\n", '\\"', "\\\\", "\\/", "\\ud83d\\ude00", "\\ud83d", "\\udc00", "\u2028"),
);
const string = fc.array(inString, { maxLength: 4 }).map((parts) => `"${parts.join("")}"`);
const key = fc.oneof(words('"a"', '"b"', '"\\u0061"', '"__proto__"', '"toJSON"', '""'), string);
const blank = words("", "", "", " ", "\n", "\t");

/** Texts of one value: most are JSON, many cannot be carried unchanged. */
const value = fc.letrec<{ value: string; member: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    number,
    string,
    words("true", "false", "null", "{}", "[]"),
    fc.array(tie("value"), { maxLength: 5 }).map((values) => `[${values.join(",")}]`),
    fc.array(tie("member"), { maxLength: 5 }).map((members) => `{${members.join(",")}}`),
  ),
  member: fc
    .tuple(key, blank, tie("value"))
    .map(([name, space, inner]) => name + space + ":" + inner),
})).value;

const deep = fc
  .tuple(value, fc.integer({ min: 80, max: 8000 }))
  .map(([inner, depth]) => "[".repeat(depth) + inner + "]".repeat(depth));
const wide = fc
  .tuple(value, fc.integer({ min: 100, max: 3000 }))
  .map(([inner, count]) => `[${Array.from({ length: count }, () => inner).join(",")}]`);
const known = fc.constantFrom(...Object.values(REFUSED_VALUES), ...Object.values(CARRIED_VALUES));

/** The bytes of a value: generated, from the corpus, or with one byte changed. */
export const nastyJson: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 80, arbitrary: value.map((text) => Buffer.from(text)) },
  { weight: 4, arbitrary: known.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: deep.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: wide.map((text) => Buffer.from(text)) },
  {
    weight: 14,
    arbitrary: fc
      .tuple(value, fc.nat(), fc.integer({ min: 0, max: 255 }))
      .map(([text, at, byte]) => {
        const bytes = Buffer.from(text);
        bytes[at % bytes.length] = byte;
        return bytes;
      }),
  },
);

/**
 * The exact meaning of a valid JSON text, as text: numbers as decimals, keys in order. Two texts
 * mean the same if it is equal.
 */
export function meaningOf(text: string): string {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[-+.\w]+|[[\]{}:,]/g) ?? [];
  let at = 0;
  const read = (): string => {
    const token = tokens[at++] ?? "";
    if (token === "[" || token === "{") {
      const parts: string[] = [];
      while (tokens[at] !== "]" && tokens[at] !== "}") {
        const part = read();
        if (tokens[at] === ":") at++;
        parts.push(token === "{" ? `${part}:${read()}` : part);
        if (tokens[at] === ",") at++;
      }
      at++;
      return token + (token === "{" ? parts.sort() : parts).join() + (token === "{" ? "}" : "]");
    }
    if (token.startsWith('"')) return meaningOfString(token);
    return /^[-\d]/.test(token) ? meaningOfNumber(token) : token;
  };
  return read();
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** The code units, in hexadecimal. */
function meaningOfString(token: string): string {
  const plain = token
    .slice(1, -1)
    .replace(/\\(?:u(.{4})|(.))/gs, (_all, hex: string | undefined, char: string) =>
      hex === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(parseInt(hex, 16)),
    );
  return `"${Buffer.from(plain, "utf16le").toString("hex")}"`;
}

function meaningOfNumber(token: string): string {
  const [mantissa = "", power = "0"] = token.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  let exponent = Number(power) - fraction.length;
  let digitsLeft = BigInt(whole + fraction);
  while (digitsLeft !== 0n && digitsLeft % 10n === 0n) {
    digitsLeft /= 10n;
    exponent++;
  }
  const sign = token.startsWith("-") ? "-" : "";
  return digitsLeft === 0n ? `${sign}0` : `${sign}${digitsLeft}e${exponent}`;
}
