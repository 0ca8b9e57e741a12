import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { PipelineSSEEvent } from "../contract/events.ts";
import type { DeliveryRoute, LedgerRecord } from "../contract/ledger.ts";

/** Writes what this process really did; see `contract/ledger.ts`. */
export interface Ledger {
  append(record: LedgerRecord): void;
  published(event: PipelineSSEEvent, route: DeliveryRoute): void;
  close(): void;
}

/** For an instance without `LEDGER_DIR`. */
export const NO_LEDGER: Ledger = { append() {}, published() {}, close() {} };

export interface LedgerOptions {
  dir: string;
  instance: string;
  /** Called for every record that could not be written (full disk): the service goes on, but its ledger has a hole. */
  onError: (error: unknown) => void;
}

/**
 * Opens the ledger file of this process. Each record is handed to the kernel by one write(2) on an O_APPEND descriptor before `append`
 * returns, so it outlives a SIGKILL (not a power cut: there is no fsync).
 * @throws the file system's error when the folder or file cannot be made
 */
export function openLedger({ dir, instance, onError }: LedgerOptions): Ledger {
  mkdirSync(dir, { recursive: true });
  const fd = openSync(join(dir, `${instance}.${process.pid}.ndjson`), "a");
  let open = true;

  const append = (record: LedgerRecord): void => {
    if (!open) return;
    try {
      writeSync(fd, JSON.stringify(record) + "\n");
    } catch (error) {
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
      if (open) closeSync(fd);
      open = false;
    },
  };
}
