/**
 * A folder of JSON records, one file each. A record is complete after every write, and only its
 * owner can read it, because records hold keys.
 */
import { randomUUID } from "node:crypto";
import {
  chmodSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { makePrivateFolder } from "./private-folder.ts";
import { withLock } from "./file-lock.ts";
import { parseJson } from "../portable/parse-json.ts";
import { UserError } from "../user-error.ts";

/** A record that exists and cannot be read. The message never quotes it: it may hold a secret. */
export class RecordError extends UserError {
  readonly path: string;

  constructor(path: string, problem: string, fix: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, fix, options);
    this.path = path;
  }
}

export interface RecordType<T> {
  /** What errors call a record, e.g. `stack`. */
  noun: string;
  schema: z.ZodType<T>;
  idOf: (record: T) => string;
  /** What the user does about a record that cannot be read. */
  fix: string;
  /** A folder around the records that every write closes to other users. */
  privateFolder?: string;
}

export interface StoredRecords<T> {
  /** Oldest first. */
  records: T[];
  unreadable: RecordError[];
}

const isCode = (error: unknown, code: string): boolean =>
  (error as NodeJS.ErrnoException).code === code;

export class RecordFolder<T extends { startedAt: string }> {
  readonly folder: string;
  readonly #type: RecordType<T>;

  constructor(folder: string, type: RecordType<T>) {
    this.folder = folder;
    this.#type = type;
  }

  idOf(record: T): string {
    return this.#type.idOf(record);
  }

  /** @throws Error if the id could name a file outside the folder */
  file(id: string): string {
    if (!/^[A-Za-z0-9._-]+$/.test(id) || id.startsWith(".")) {
      const { noun } = this.#type;
      throw new Error(
        `${noun} ${JSON.stringify(id)}: not a name; give letters, digits and hyphens`,
      );
    }
    return join(this.folder, `${id}.json`);
  }

  /** @throws RecordError if the record exists and cannot be read */
  read(id: string): T | undefined {
    const path = this.file(id);
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if (isCode(error, "ENOENT")) return undefined;
      throw this.#error(path, `cannot be read: ${(error as Error).message}`, { cause: error });
    }
    const record = this.#parse(path, text);
    if (this.idOf(record) === id) return record;
    throw this.#error(path, `is the record of ${this.#type.noun} "${this.idOf(record)}"`);
  }

  /** Synchronous, so that nothing can happen between a change and its record. */
  write(record: T): void {
    const path = this.file(this.idOf(record));
    renameSync(this.#draft(path, record), path);
  }

  /** Writes the record unless one of this id exists. Returns whether it was written. */
  create(record: T): boolean {
    const path = this.file(this.idOf(record));
    const draft = this.#draft(path, record);
    try {
      // link(2), unlike rename(2), refuses a name that exists.
      linkSync(draft, path);
      return true;
    } catch (error) {
      if (isCode(error, "EEXIST")) return false;
      throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** Removes the record and the drafts of killed writers. Does nothing if there is no record. */
  remove(id: string): void {
    rmSync(this.file(id), { force: true });
    for (const name of this.#names()) {
      if (!name.startsWith(`${id}.json.`) || !name.endsWith("tmp")) continue;
      rmSync(join(this.folder, name), { force: true });
    }
  }

  list(): StoredRecords<T> {
    const found: StoredRecords<T> = { records: [], unreadable: [] };
    for (const name of this.#names()) {
      if (!name.endsWith(".json")) continue;
      try {
        const record = this.read(name.slice(0, -".json".length));
        // Undefined: its owner removed it between the listing and the reading.
        if (record) found.records.push(record);
      } catch (error) {
        found.unreadable.push(
          error instanceof RecordError
            ? error
            : this.#error(join(this.folder, name), String(error), { cause: error }),
        );
      }
    }
    found.records.sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt));
    return found;
  }

  /**
   * Runs `action` while no other process runs one under the same name.
   *
   * @throws UserError if another process holds the lock for 15 s
   */
  locked<R>(name: string, action: () => R | Promise<R>): Promise<R> {
    this.#makeFolder();
    return withLock(`${this.file(name)}.lock`, action);
  }

  #makeFolder(): void {
    if (this.#type.privateFolder !== undefined) makePrivateFolder(this.#type.privateFolder);
    makePrivateFolder(this.folder);
  }

  #draft(path: string, record: T): string {
    this.#makeFolder();
    const draft = `${path}.${randomUUID()}.tmp`;
    writeFileSync(draft, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600, flag: "wx" });
    // A strict umask may have taken the right to read it again.
    chmodSync(draft, 0o600);
    return draft;
  }

  #parse(path: string, text: string): T {
    const json = parseJson(text);
    if (json === undefined) throw this.#error(path, "not JSON");
    const { data, error } = this.#type.schema.safeParse(json);
    if (data !== undefined) return data;
    const issues = error?.issues.map(
      (issue) => `${issue.path.join(".") || "(all of it)"}: ${issue.message}`,
    );
    throw this.#error(
      path,
      `not a ${this.#type.noun} record of this version (${issues?.join("; ") ?? ""})`,
    );
  }

  #error(path: string, problem: string, options?: ErrorOptions): RecordError {
    return new RecordError(path, problem, this.#type.fix, options);
  }

  #names(): string[] {
    try {
      return readdirSync(this.folder).sort();
    } catch (error) {
      if (isCode(error, "ENOENT")) return [];
      throw error;
    }
  }
}
