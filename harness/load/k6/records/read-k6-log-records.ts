/** Finds the lab's lines in k6's console output, in any `--log-format`. */
import { readPieces } from "../../../../common/files/read-text.ts";
import { LINE_MARK, LINE_VERSION, type K6LogLine } from "../../portable/k6-log-records.ts";
import { checkRecord } from "./parse-k6-log-record.ts";

/** Longest line of a script, characters: a file without line ends must not fill the memory. */
const LINE_LIMIT = 16 * 1024 * 1024;
/**
 * From this many characters on, the beginning of {@link LINE_MARK} at the end of a file is taken
 * for one that was cut.
 */
const TELLING = 4;
/** Docker cuts lines at 16 KiB, and `docker logs -t` puts this before each part. */
const DOCKER_TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /;
const CUT_BY_DOCKER =
  "a time stands in the middle of a line, as docker logs -t writes it into long lines: " +
  "copy the output again, without -t";

/** Lines of another version of the scripts: nothing is wrong with them, but they cannot be read. */
export class K6LogVersionError extends Error {
  override name = "K6LogVersionError";
}

/**
 * Takes a console's text in pieces of any size. Lines without {@link LINE_MARK} are skipped. Lines
 * with it that cannot be read whole are counted.
 */
export class K6LogReader {
  /** Lines that bear the mark and could not be read. */
  torn = 0;
  /** What was wrong with the first of them. */
  example: string | undefined;
  #rest = "";

  /** @throws K6LogVersionError */
  push(text: string): K6LogLine[] {
    const lines: K6LogLine[] = [];
    let start = 0;
    const whole = this.#rest + text;
    for (let end = whole.indexOf("\n"); end !== -1; end = whole.indexOf("\n", start)) {
      this.#take(whole.slice(start, end), lines);
      start = end + 1;
    }
    this.#rest = whole.slice(start);
    if (this.#rest.length > LINE_LIMIT) {
      this.#tear(`a line of more than ${LINE_LIMIT} characters`);
      this.#rest = "";
    }
    return lines;
  }

  /** The file is over: what stands behind its last line break is a line, or a piece of one. */
  end(): K6LogLine[] {
    const lines: K6LogLine[] = [];
    const last = this.#rest;
    this.#rest = "";
    if (endsInMark(last)) this.#tear("the last line ends in the middle");
    else this.#take(last, lines);
    return lines;
  }

  #take(text: string, lines: K6LogLine[]): void {
    const at = text.indexOf(LINE_MARK);
    if (at === -1) return;
    const behind = text.slice(at + LINE_MARK.length);
    // Looked for first: inside a text it would leave valid JSON.
    if (DOCKER_TIME.test(behind)) {
      this.#tear(CUT_BY_DOCKER);
      return;
    }
    try {
      lines.push(parseLine(payloadOf(behind)));
    } catch (error) {
      if (error instanceof K6LogVersionError) throw error;
      this.#tear((error as Error).message);
    }
  }

  #tear(reason: string): void {
    this.torn += 1;
    this.example ??= reason;
  }
}

/** All lines of a file. @throws K6LogVersionError, UserError for UTF-16, the file system's error */
export async function* readK6Log(path: string, reader: K6LogReader): AsyncGenerator<K6LogLine> {
  for await (const piece of readPieces(path)) yield* reader.push(piece);
  yield* reader.end();
}

function endsInMark(text: string): boolean {
  const mark = LINE_MARK.trimEnd();
  for (let length = mark.length; length >= TELLING; length--) {
    if (text.endsWith(mark.slice(0, length))) return true;
  }
  return text.length > 0 && mark.startsWith(text);
}

/**
 * The JSON of a line. Raw and coloured formats leave it as it is, with at most a field behind it;
 * JSON and logfmt quote the whole message, and since it is ASCII JSON, both do so by the same two
 * escapes.
 */
function payloadOf(text: string): string {
  if (!text.startsWith('{\\"')) return text.slice(0, text.lastIndexOf("}") + 1);
  const end = closingQuote(text);
  if (end === -1) throw new Error("a quoted line that does not end");
  return JSON.parse(`"${text.slice(0, end)}"`) as string;
}

function closingQuote(text: string): number {
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at;
  }
  return -1;
}

function parseLine(json: string): K6LogLine {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Error("a line that does not end, or is no JSON");
  }
  const { v, process, records } = value as Partial<Record<keyof K6LogLine, unknown>>;
  if (typeof v === "number" && v !== LINE_VERSION) {
    throw new K6LogVersionError(
      `its lines are of version ${v}, this lab reads version ${LINE_VERSION}: use scripts ` +
        "and sse-lab of one version",
    );
  }
  if (
    v !== LINE_VERSION ||
    typeof process !== "string" ||
    process === "" ||
    !Array.isArray(records)
  ) {
    throw new Error("a line without version, process or records");
  }
  return { v, process, records: records.map(checkRecord) };
}
