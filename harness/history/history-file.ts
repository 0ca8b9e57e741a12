import { createReadStream, createWriteStream } from "node:fs";
import { copyFile, rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { RunObservation } from "./observation.ts";

const NEW_LINE = 10;

/**
 * Appends one run to a gzipped history, created when it is not there: the `run` record, then all lines of the segments in the
 * given order, streamed, as one gzip member (concatenated members are one valid gzip file: RFC 1952, section 2.2).
 *
 * The new file is made beside the old one (`<historyGz>.part`) and renamed over it, so a crash at any point leaves the history as it
 * was before; the leftover is overwritten by the next call. One writer at a time.
 * @throws the file system's error when a segment cannot be read or the disk is full; the history is unchanged then.
 */
export async function appendRun(
  historyGz: string,
  run: RunObservation,
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

async function* linesOf(run: RunObservation, segments: readonly string[]): AsyncGenerator<Buffer> {
  yield Buffer.from(`${JSON.stringify(run)}\n`);
  for (const segment of segments) {
    let last = NEW_LINE;
    for await (const chunk of createReadStream(segment) as AsyncIterable<Buffer>) {
      last = chunk.at(-1) ?? last;
      yield chunk;
    }
    // A writer that died in the middle of a line must not spoil the next segment's first one.
    if (last !== NEW_LINE) yield Buffer.from("\n");
  }
}
