import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { HistoryError } from "./history-error.ts";
import { parseObservation } from "./parse-observation.ts";
import type { Observation } from "./observation.ts";

const CHUNK_BYTES = 256 * 1024;
/** Longest line that is still believed to be an observation; a file without line ends must not fill the memory. */
const LINE_LIMIT = 1024 * 1024;

/**
 * Streams a history: `.gz` as any number of gzip members, anything else as plain NDJSON. Yields batches of a few thousand
 * observations in file order; memory stays that of one batch.
 * @throws HistoryError on the first line that is no observation, and on a gzip file that is cut short, damaged or followed by
 * something else. Everything before that line has been yielded by then.
 */
export async function* readHistory(path: string): AsyncGenerator<Observation[], void, undefined> {
  let line = 0;
  let rest = "";
  // `fatal`: bytes that are not UTF-8 would become U+FFFD and pass as somebody's name.
  const decoder = new TextDecoder("utf-8", { fatal: true });

  const parse = (text: string): Observation => {
    line++;
    try {
      return parseObservation(text);
    } catch (error) {
      throw new HistoryError(path, line, (error as Error).message, { cause: error });
    }
  };
  const takeLines = (text: string): Observation[] => {
    const batch: Observation[] = [];
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
    // zlib stops without a word at bytes after the last member that are not a member themselves.
    if (gunzip.bytesWritten < file.bytesRead)
      throw new Error("something that is not gzip follows the last run");
  } finally {
    file.destroy();
  }
}

const isSystemError = (error: unknown): boolean =>
  typeof (error as NodeJS.ErrnoException).syscall === "string";

const reasonOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "Z_BUF_ERROR") return "the gzip stream is cut short";
  if (code?.startsWith("Z_")) return `the gzip stream is damaged (${message})`;
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "is not UTF-8";
  return message;
};
