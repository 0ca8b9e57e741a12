/**
 * Writes tar archives that hold nothing of the moment: the same entries give the same bytes. Times
 * are 0 and owners root, so an image of the same files is the same image on every host and day.
 */
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack, type Headers, type Pack } from "tar-stream";

export interface TarEntry {
  /** Relative, without a leading slash; folders end without one. */
  path: string;
  mode: number;
  /** A folder has none. `file` and `entries` are read when the archive is written. */
  content?:
    Buffer | { file: string; bytes: number } | { entries: readonly TarEntry[]; bytes: number };
  /** Owner. Default: root. */
  uid?: number;
  gid?: number;
}

const CHUNK = 1 << 20;
const EPOCH = new Date(0);

const writeEntry = async (archive: Pack, entry: TarEntry): Promise<void> => {
  const { path, mode, content, uid = 0, gid = 0 } = entry;
  const header: Headers = { name: path, mode, uid, gid, mtime: EPOCH };
  if (content === undefined || Buffer.isBuffer(content)) {
    await new Promise<void>((resolve, reject) => {
      const kind = content
        ? { type: "file" as const }
        : { name: `${path}/`, type: "directory" as const };
      const onWritten = (error?: Error | null): void => (error ? reject(error) : resolve());
      archive.entry({ ...header, ...kind }, content ?? "", onWritten);
    });
    return;
  }
  const isFile = "file" in content;
  const source = isFile
    ? createReadStream(content.file, { highWaterMark: CHUNK })
    : Readable.from(tarStream(content.entries));
  let mismatch: Error | null | undefined;
  const sink = archive.entry({ ...header, type: "file", size: content.bytes }, (error) => {
    mismatch = error;
  });
  await pipeline(source, sink);
  if (!mismatch) return;
  const name = isFile ? content.file : path;
  throw new Error(`${name} changed while it was read`, { cause: mismatch });
};

/** @throws Error if a file is not as long as its entry says */
export async function* tarStream(entries: readonly TarEntry[]): AsyncGenerator<Buffer> {
  const archive = pack();
  const written = (async () => {
    for (const entry of entries) await writeEntry(archive, entry);
    archive.finalize();
  })();
  // The archive then ends early, and the error itself is thrown below.
  written.catch(() => archive.destroy());
  for await (const chunk of archive) yield chunk as Buffer;
  await written;
}
