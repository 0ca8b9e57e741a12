import { writeSync } from "node:fs";

import type { LogSettings } from "./protocol.ts";

export type Level = "debug" | "info" | "warning" | "error";

/**
 * One line as logrus writes it without a terminal. `raw`: only the message; `json`: sorted keys;
 * `text`: `key=value` with Go's quoting.
 *
 * @param fields beside time, level and message, e.g. `{ source: "console" }`
 */
export function logLine(
  format: LogSettings["format"],
  level: Level,
  message: string,
  fields: Readonly<Record<string, string>>,
  now = new Date(),
): string {
  if (format === "raw") return `${message}\n`;
  const time = now.toISOString().replace(/\.\d+Z$/, "Z");
  if (format === "json") {
    const entries = Object.entries({ ...fields, level, msg: message, time });
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `${goJson(Object.fromEntries(entries))}\n`;
  }
  const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  const pairs: [string, string][] = [["time", time], ["level", level], ["msg", message], ...sorted];
  return `${pairs.map(([key, value]) => `${key}=${goQuoteIfNeeded(value)}`).join(" ")}\n`;
}

/** Writes a line of the script's console, or of the double, in one piece. */
export function writeLog(
  log: LogSettings,
  level: Level,
  message: string,
  fields: Readonly<Record<string, string>>,
): void {
  if (level === "debug") return;
  // k6 writes `source=console` to its own log only, as far as we know.
  const toFile = fields["source"] === "console" && log.consoleFd !== undefined;
  const line = logLine(log.format, level, message, toFile ? {} : fields);
  writeWhole(toFile ? (log.consoleFd ?? 2) : 2, line);
}

/** Waits while a pipe is full, like a blocking write of Go. */
export function writeWhole(fd: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** `encoding/json` escapes characters that could end a script element. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, unicodeEscape);
}

function goQuoteIfNeeded(value: string): string {
  return /^[A-Za-z0-9\-._/@^+]*$/.test(value) ? value : goQuote(value);
}

const GO_ESCAPES: Record<string, string> = {
  "\\": "\\\\",
  '"': '\\"',
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** `%q` of Go's `fmt`. */
export function goQuote(value: string): string {
  const escaped = value.replace(/[\\"]|\p{C}|\p{Zl}|\p{Zp}|(?! )\p{Zs}/gu, (character) => {
    const known = GO_ESCAPES[character];
    if (known !== undefined) return known;
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : unicodeEscape(character);
  });
  return `"${escaped}"`;
}

function unicodeEscape(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
}
