import { open, type FileHandle } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";

const CHUNK_BYTES = 256 * 1024;

/** Follows a file that another process appends to. The file need not be there yet. */
export class FileTail {
  readonly #path: string;
  readonly #buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  readonly #decoder = new StringDecoder("utf8");
  #file: FileHandle | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** What has been appended since the last call, in pieces. */
  async *read(): AsyncGenerator<string> {
    this.#file ??= await openIfThere(this.#path);
    if (this.#file === undefined) return;
    for (;;) {
      // Without a position: it goes on where the last read ended.
      const { bytesRead } = await this.#file.read(this.#buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      yield this.#decoder.write(this.#buffer.subarray(0, bytesRead));
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }
}

const openIfThere = async (path: string): Promise<FileHandle | undefined> => {
  try {
    return await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};
