import { writeSync } from "node:fs";
import { pino, type Logger, type LoggerOptions } from "pino";

const STDOUT = 1;
/** pino's number for a warning. */
const WARN = 40;

let lost = 0;
let lostBefore = 0;
let isTorn = false;

/** Log lines of this process that could not be written. */
export const lostLogLines = (): number => lost;

/**
 * Logs to stdout, one write for each line. A line that cannot be written (full disk, stalled reader
 * of a pipe) is counted and dropped, because a log must never stop its service. pino's own
 * destination tries again for ever. The next line that can be written tells the number.
 */
export function createServiceLog(options: LoggerOptions): Logger {
  // Node opens a pipe so that a write never waits for its reader.
  process.stdout.on("error", () => {});
  return pino(options, { write: writeLine });
}

function writeLine(line: string): void {
  const gap = lost === lostBefore ? "" : `${JSON.stringify(lossOf(lost - lostBefore))}\n`;
  const bytes = Buffer.from(`${isTorn ? "\n" : ""}${gap}${line}`);
  try {
    const written = writeSync(STDOUT, bytes);
    isTorn = written < bytes.length;
    if (isTorn) lost++;
    else lostBefore = lost;
  } catch {
    lost++;
  }
}

const lossOf = (lines: number): object => ({
  level: WARN,
  time: Date.now(),
  pid: process.pid,
  lines,
  msg: "log lines were lost: stdout could not be written",
});
