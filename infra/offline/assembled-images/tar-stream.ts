/**
 * Writes tar archives (ustar) that hold nothing of the moment: same entries, same bytes. Times are 0 and owners root, so that an
 * image of the same files is the same image on every host and every day.
 */
import { createReadStream } from "node:fs";

export interface TarEntry {
  /** Relative, without a leading slash; folders end without one. At most 255 bytes. */
  path: string;
  mode: number;
  /** A folder has none. `file`: read from there when it is needed. */
  content?: Buffer | { file: string; bytes: number };
  /** Owner. Default: root. */
  uid?: number;
  gid?: number;
}

const BLOCK = 512;
const CHUNK = 1 << 20;

export const contentBytes = ({ content }: TarEntry): number =>
  content === undefined ? 0 : Buffer.isBuffer(content) ? content.length : content.bytes;

const padding = (bytes: number): number => (BLOCK - (bytes % BLOCK)) % BLOCK;

/** Bytes of the archive of these entries. */
export const tarBytes = (entries: readonly TarEntry[]): number =>
  entries.reduce((sum, entry) => {
    const bytes = contentBytes(entry);
    return sum + BLOCK + bytes + padding(bytes);
  }, 2 * BLOCK);

const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, "0")}\0`;

/** Name and prefix field: a long path is split at a slash. */
const splitPath = (path: string): [name: string, prefix: string] => {
  if (Buffer.byteLength(path) <= 100) return [path, ""];
  for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (name !== "" && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155)
      return [name, prefix];
  }
  throw new Error(`${path} is too long a path for a tar archive`);
};

/** One entry's header block. */
export const tarHeader = (entry: TarEntry): Buffer => {
  const folder = entry.content === undefined;
  const [name, prefix] = splitPath(folder ? `${entry.path}/` : entry.path);
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0);
  block.write(octal(entry.mode, 8), 100);
  block.write(octal(entry.uid ?? 0, 8), 108);
  block.write(octal(entry.gid ?? 0, 8), 116);
  block.write(octal(contentBytes(entry), 12), 124);
  block.write(octal(0, 12), 136);
  block.write(" ".repeat(8), 148);
  block.write(folder ? "5" : "0", 156);
  block.write("ustar\0" + "00", 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
};

async function* contentOf(entry: TarEntry): AsyncGenerator<Buffer> {
  const { content } = entry;
  if (content === undefined) return;
  if (Buffer.isBuffer(content)) {
    yield content;
    return;
  }
  let read = 0;
  for await (const chunk of createReadStream(content.file, { highWaterMark: CHUNK })) {
    read += (chunk as Buffer).length;
    if (read > content.bytes) break;
    yield chunk as Buffer;
  }
  if (read !== content.bytes) throw new Error(`${content.file} changed while it was read`);
}

/** The entries, piece by piece, without the archive's end. Rejects when a file is not as long as its entry says. */
export async function* tarEntries(entries: readonly TarEntry[]): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    yield tarHeader(entry);
    yield* contentOf(entry);
    const rest = padding(contentBytes(entry));
    if (rest > 0) yield Buffer.alloc(rest);
  }
}

export const tarEnd = (): Buffer => Buffer.alloc(2 * BLOCK);

/** The whole archive. */
export async function* tarStream(entries: readonly TarEntry[]): AsyncGenerator<Buffer> {
  yield* tarEntries(entries);
  yield tarEnd();
}
