import { open, type FileHandle } from "node:fs/promises";
import type { Observation, ReceivedObservation, Recorder } from "../../history/observation.ts";

const WRITE_AT_CHARS = 256 * 1024;
const WRITE_EVERY_MS = 500;
/** A disk this far behind will not catch up, and the run must not end by running out of memory. */
const MAX_UNWRITTEN_CHARS = 512 * 1024 * 1024;

/**
 * Writes observations to one file, one JSON object a line. Recording appends to a string and never
 * waits: the load loop must not feel the disk. The first error of the disk is reported once, and
 * again by {@link close}.
 */
export class SegmentWriter implements Recorder {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #onError: (error: Error) => void;
  readonly #timer: NodeJS.Timeout;
  #pending = "";
  #writing: Promise<void> | undefined;
  #error: Error | undefined;

  private constructor(path: string, file: FileHandle, onError: (error: Error) => void) {
    this.path = path;
    this.#file = file;
    this.#onError = onError;
    this.#timer = setInterval(() => this.#write(), WRITE_EVERY_MS);
    this.#timer.unref();
  }

  /** Creates or empties the file. @throws Error naming the file when it cannot be opened */
  static async open(path: string, onError: (error: Error) => void): Promise<SegmentWriter> {
    try {
      return new SegmentWriter(path, await open(path, "w"), onError);
    } catch (error) {
      throw diskError(path, error);
    }
  }

  record(observation: Observation): void {
    this.#append(`${JSON.stringify(observation)}\n`);
  }

  /**
   * Same as {@link record}, for the one kind that comes by the hundred thousand. `session` and
   * `epoch` need no escaping.
   */
  recordReceived(event: Omit<ReceivedObservation, "type">): void {
    const terminal = event.terminal === true ? ',"terminal":true' : "";
    const sent = event.sentMs === undefined ? "" : `,"sentMs":${event.sentMs}`;
    this.#append(
      `{"type":"received","session":"${event.session}","connection":${event.connection},` +
        `"epoch":"${event.epoch}","seq":${event.seq}${terminal}${sent},"atMs":${event.atMs}}\n`,
    );
  }

  /**
   * Resolves when all that was recorded so far has been handed to the system.
   * @throws Error when the disk failed
   */
  async flush(): Promise<void> {
    while (this.#error === undefined && (this.#pending !== "" || this.#writing !== undefined)) {
      this.#write();
      await this.#writing;
    }
    if (this.#error !== undefined) throw this.#error;
  }

  /** Flushes and closes. @throws Error when the disk failed */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    try {
      await this.flush();
    } finally {
      await this.#file.close();
    }
  }

  #append(line: string): void {
    if (this.#error !== undefined) return;
    this.#pending += line;
    if (this.#pending.length < WRITE_AT_CHARS) return;
    if (this.#pending.length > MAX_UNWRITTEN_CHARS) this.#fail(new Error("the disk is too slow"));
    else this.#write();
  }

  #write(): void {
    if (this.#writing !== undefined || this.#pending === "" || this.#error !== undefined) return;
    const text = this.#pending;
    this.#pending = "";
    this.#writing = this.#file
      .writeFile(text)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => (this.#writing = undefined));
  }

  #fail(error: unknown): void {
    if (this.#error !== undefined) return;
    this.#error = diskError(this.path, error);
    this.#pending = "";
    this.#onError(this.#error);
  }
}

const diskError = (path: string, error: unknown): Error =>
  new Error(
    `cannot write the history segment ${path}: ` +
      (error instanceof Error ? error.message : String(error)),
    {
      cause: error,
    },
  );
