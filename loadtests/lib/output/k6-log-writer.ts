import {
  LINE_MARK,
  LINE_VERSION,
  type K6LogLine,
  type K6LogRecord,
} from "../../../harness/load/portable/k6-log-records.ts";
import { nowMs } from "./clock.ts";

/** A line stays below the 16 KiB at which container runtimes split one. */
const MAX_RECORDS = 50;
/** Longest that a record waits, so that the console shows the load live, milliseconds. */
const MAX_HELD_MS = 1_000;

/** A line of the console. ASCII, because a log pipeline may know no better. */
export const formatLine = (process: string, records: K6LogRecord[]): string => {
  const line: K6LogLine = { v: LINE_VERSION, process, records };
  return LINE_MARK + JSON.stringify(line).replace(/[\u007f-\uffff]/g, escapeUnit);
};

const escapeUnit = (unit: string): string =>
  `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/**
 * One VU's records on their way to the console: 50 at once, or once a second while records come.
 */
export class K6LogWriter {
  readonly #process: string;
  #held: K6LogRecord[] = [];
  #firstHeldMs = 0;

  /** @param process name of the k6 process */
  constructor(process: string) {
    this.#process = process;
  }

  record(record: K6LogRecord): void {
    const atMs = nowMs();
    if (this.#held.length === 0) this.#firstHeldMs = atMs;
    this.#held.push(record);
    if (this.#held.length >= MAX_RECORDS || atMs - this.#firstHeldMs >= MAX_HELD_MS) this.flush();
  }

  flush(): void {
    if (this.#held.length === 0) return;
    console.log(formatLine(this.#process, this.#held));
    this.#held = [];
  }
}
