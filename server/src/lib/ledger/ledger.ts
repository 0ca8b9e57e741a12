import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { PipelineSSEEvent } from "../../contract/events.ts";
import type { DeliveryRoute, LedgerRecord } from "../../contract/ledger.ts";

/** Writes what this process really did; see `contract/ledger.ts`. */
export interface Ledger {
  append(record: LedgerRecord): void;
  published(event: PipelineSSEEvent, route: DeliveryRoute): void;
  close(): void;
}

/** Without it the last record of a file does not parse. */
const LINE_END = "}\n";

/** For an instance without `LEDGER_DIR`. */
export const NO_LEDGER: Ledger = { append() {}, published() {}, close() {} };

export interface LedgerOptions {
  dir: string;
  instance: string;
  /** Called once, with why a record could not be written: the service goes on, its ledger has ended. */
  onError: (error: unknown) => void;
}

/** "ax": a file that is there is an earlier process's, which had the same pid. In a container every process has. */
function openNew(path: string): number {
  for (let number = 1; ; number += 1) {
    try {
      return openSync(`${path}${number === 1 ? "" : `-${number}`}.ndjson`, "ax");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/**
 * Opens the ledger file of this process. Each record is handed to the kernel by one write(2) on an O_APPEND descriptor before `append`
 * returns, so it outlives a SIGKILL (not a power cut: there is no fsync).
 *
 * The first record that cannot be written whole (full disk) ends the ledger for good, and the file is made to end inside
 * a line: a ledger that went on after a hole would be taken for the whole truth.
 * @throws the file system's error when the folder or file cannot be made
 */
export function openLedger({ dir, instance, onError }: LedgerOptions): Ledger {
  mkdirSync(dir, { recursive: true });
  const fd = openNew(join(dir, `${instance}.${process.pid}`));
  let wholeBytes = 0;
  let state: "open" | "failed" | "torn" | "closed" = "open";

  const tear = (): void => {
    try {
      // The end of the last whole line is cut off, which needs no space; a file without one gets a piece of a line.
      if (wholeBytes > 0) ftruncateSync(fd, wholeBytes - LINE_END.length);
      else if (writeSync(fd, "{") === 0) return;
      state = "torn";
    } catch {
      // Tried again with the next record.
    }
  };

  const write = (record: LedgerRecord): void => {
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    const written = writeSync(fd, line);
    if (written < line.length) throw new Error(`only ${written} of ${line.length} bytes were written`);
    wholeBytes += written;
  };

  const append = (record: LedgerRecord): void => {
    if (state === "failed") tear();
    if (state !== "open") return;
    try {
      write(record);
    } catch (error) {
      state = "failed";
      tear();
      onError(error);
    }
  };
  return {
    append,
    published(event, route) {
      append({
        kind: "published",
        sessionId: event.sessionId,
        epoch: event.epoch,
        seq: event.seq,
        event: event.type,
        intendedMs: event.intendedMs,
        atMs: event.publishedMs,
        route,
      });
    },
    close() {
      if (state === "failed") tear();
      if (state !== "closed") closeSync(fd);
      state = "closed";
    },
  };
}
