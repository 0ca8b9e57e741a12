import { createReadStream, createWriteStream } from "node:fs";
import { copyFile, rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

const NEW_LINE = 10;

/**
 * Appends one run to a gzipped history, and creates the file if it is absent. It streams the `run`
 * record, or another that opens it, and all lines of the segments, in order, as one gzip member.
 * Concatenated members are one valid gzip file (RFC 1952, section 2.2).
 *
 * It writes `<historyGz>.part` and renames it over the history, so a crash leaves the history
 * unchanged. The next call overwrites the leftover. Only one writer at a time is allowed.
 * @throws the file system's error if a segment cannot be read or the disk is full; the history is
 * then unchanged
 */
export async function appendRun(
  historyGz: string,
  run: { type: string },
  segments: readonly string[],
): Promise<void> {
  const part = `${historyGz}.part`;
  try {
    await rm(part, { force: true });
    await copyFile(historyGz, part).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    });
    await pipeline(
      linesOf(run, segments),
      createGzip(),
      createWriteStream(part, { flags: "a", flush: true }),
    );
    await rename(part, historyGz);
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function* linesOf(
  run: { type: string },
  segments: readonly string[],
): AsyncGenerator<Buffer> {
  yield Buffer.from(`${JSON.stringify(run)}\n`);
  for (const segment of segments) {
    let last = NEW_LINE;
    for await (const chunk of createReadStream(segment) as AsyncIterable<Buffer>) {
      last = chunk.at(-1) ?? last;
      yield chunk;
    }
    // An incomplete last line must not spoil the first line of the next segment.
    if (last !== NEW_LINE) yield Buffer.from("\n");
  }
}
