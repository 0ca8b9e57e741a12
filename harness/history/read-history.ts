import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { HistoryError } from "./history-error.ts";
import { parseObservation } from "./parse-observation.ts";
import type { Observation } from "./observation.ts";

const CHUNK_BYTES = 256 * 1024;
/** The longest line of a history. A file without line ends must not fill the memory. */
const LINE_LIMIT = 1024 * 1024;

/**
 * Streams a history: `.gz` as gzip members, any other file as NDJSON. It yields batches of a few
 * thousand observations in file order, and holds only one batch in memory.
 * @throws HistoryError at the first invalid line, and for a gzip file that is truncated, damaged or
 * followed by other data. It has then yielded everything before that line.
 */
export const readHistory = (path: string): AsyncGenerator<Observation[], void, undefined> =>
  readRecords(path, parseObservation);

/** As {@link readHistory}, for lines of any kind. An error of `parseLine` is a HistoryError. */
export async function* readRecords<T>(
  path: string,
  parseLine: (text: string) => T,
): AsyncGenerator<T[], void, undefined> {
  let line = 0;
  let rest = "";
  // `fatal`, because invalid UTF-8 would become U+FFFD and pass as a name.
  const decoder = new TextDecoder("utf-8", { fatal: true });

  const parse = (text: string): T => {
    line++;
    try {
      return parseLine(text);
    } catch (error) {
      throw new HistoryError(path, line, (error as Error).message, { cause: error });
    }
  };
  const takeLines = (text: string): T[] => {
    const batch: T[] = [];
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      batch.push(parse(text.slice(start, end)));
      start = end + 1;
    }
    rest = text.slice(start);
    if (rest.length > LINE_LIMIT)
      throw new HistoryError(path, line + 1, `is longer than ${LINE_LIMIT} characters`);
    return batch;
  };

  try {
    for await (const chunk of bytesOf(path)) {
      const batch = takeLines(rest + decoder.decode(chunk, { stream: true }));
      if (batch.length > 0) yield batch;
    }
    rest += decoder.decode();
  } catch (error) {
    if (error instanceof HistoryError || isSystemError(error)) throw error;
    throw new HistoryError(path, line + 1, reasonOf(error), { cause: error });
  }
  if (rest !== "") yield [parse(rest)];
}

async function* bytesOf(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  if (!path.endsWith(".gz")) {
    yield* file as AsyncIterable<Buffer>;
    return;
  }
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  file.once("error", (error) => gunzip.destroy(error));
  file.pipe(gunzip);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
    // zlib silently ignores bytes after the last member.
    if (gunzip.bytesWritten < file.bytesRead)
      throw new Error("data that is not gzip follows the last run");
  } finally {
    file.destroy();
  }
}

const isSystemError = (error: unknown): boolean =>
  typeof (error as NodeJS.ErrnoException).syscall === "string";

const reasonOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "Z_BUF_ERROR") return "the gzip stream is truncated";
  if (code?.startsWith("Z_")) return `the gzip stream is damaged (${message})`;
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "is not UTF-8";
  return message;
};
