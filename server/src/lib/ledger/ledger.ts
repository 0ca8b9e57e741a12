import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../../../../common/files/make-folder.ts";
import type { PipelineSSEEvent } from "../../contract/events.ts";
import type { DeliveryRoute, LedgerRecord } from "../../contract/ledger.ts";

/** Records what this process did (see `contract/ledger.ts`). */
export interface Ledger {
  append(record: LedgerRecord): void;
  published(event: PipelineSSEEvent, route: DeliveryRoute): void;
  close(): void;
}

/** The end of a record. A file without it ends in a record that does not parse. */
const LINE_END = "}\n";

/** For an instance without `LEDGER_DIR`. */
export const NO_LEDGER: Ledger = { append() {}, published() {}, close() {} };

export interface LedgerOptions {
  dir: string;
  instance: string;
  /**
   * Called once, with the error of a failed write. The server goes on, but its ledger has ended.
   */
  onError: (error: unknown) => void;
}

/** Never opens the file of an earlier process with the same pid, as every container has. */
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
 * Opens the ledger file of this process. `append` passes each record to the kernel with one
 * write(2) on an O_APPEND descriptor, so the record survives a SIGKILL. It does not survive a power
 * cut, because there is no fsync.
 *
 * The first record that cannot be written whole (full disk) ends the ledger. The file then ends
 * inside a line, because a reader would trust a ledger that continues after a gap.
 * @throws the file system's error if the folder or file cannot be created
 */
export function openLedger({ dir, instance, onError }: LedgerOptions): Ledger {
  makeFolder(dir);
  const fd = openNew(join(dir, `${instance}.${process.pid}`));
  let wholeBytes = 0;
  let state: "open" | "failed" | "torn" | "closed" = "open";

  const tear = (): void => {
    try {
      // Cuts the end of the last line, which needs no space. An empty file gets part of a line.
      if (wholeBytes > 0) ftruncateSync(fd, wholeBytes - LINE_END.length);
      else if (writeSync(fd, "{") === 0) return;
      state = "torn";
    } catch {
      // The next record tries again.
    }
  };

  const write = (record: LedgerRecord): void => {
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    const written = writeSync(fd, line);
    if (written < line.length)
      throw new Error(`only ${written} of ${line.length} bytes were written`);
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
