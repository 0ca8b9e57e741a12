/** Writes the lab's ledger: what this process really published. See docs/ledger.md. */
import { existsSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Milliseconds on CLOCK_MONOTONIC, which all processes of one host share. */
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** The file of this process: a restarted instance that gets its old pid takes another name. */
function openFile(folder, instance) {
  for (let count = 1; ; count++) {
    const suffix = count === 1 ? "" : `-${count}`;
    const path = join(folder, `${instance}.${process.pid}${suffix}.ndjson`);
    if (!existsSync(path)) return openSync(path, "ax");
  }
}

/** @returns a function that appends one record, before its effect can be seen */
export function openLedger(folder, instance, broadcaster = "own") {
  const file = openFile(folder, instance);
  const append = (record) =>
    void writeSync(file, `${JSON.stringify({ atMs: nowMs(), ...record })}\n`);
  append({ kind: "boot", instance, pid: process.pid, broadcaster });
  return append;
}

export { nowMs };
