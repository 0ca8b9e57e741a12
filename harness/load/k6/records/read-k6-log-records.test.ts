import { describe, expect, it } from "vitest";
import { LINE_MARK, type K6LogLine, type K6LogRecord } from "../../portable/k6-log-records.ts";
import { K6LogReader, K6LogVersionError } from "./read-k6-log-records.ts";

const ended = (session: string): K6LogRecord => ({ type: "k6-ended", session, atMs: 12 });
const line = (process: string, ...records: K6LogRecord[]): K6LogLine => ({
  v: 1,
  process,
  records,
});
// A name as hostile as JSON allows: quotes, backslashes, what Go's logger escapes for HTML, and
// what looks like an end.
const hostile = line("p1", {
  type: "disconnected",
  session: "s1",
  connection: 1,
  reason: "error",
  detail: 'a "quoted" \\ back\\\\slash <b>&} source=console\n',
  atMs: 3.5,
});
const ascii = (value: K6LogLine): string => LINE_MARK + JSON.stringify(value);

/** As Go's logger prints a message in each of k6's formats. */
const FORMATS: Record<string, (message: string) => string> = {
  raw: (message) => message,
  json: (message) =>
    JSON.stringify({ level: "info", msg: message, source: "console", time: "2026-01-01T00:00:00Z" })
      .replaceAll("<", "\\u003c")
      .replaceAll("&", "\\u0026"),
  logfmt: (message) =>
    `time="2026-01-01T00:00:00Z" level=info msg=${JSON.stringify(message)} source=console`,
  "a terminal's": (message) =>
    `\u001b[36mINFO\u001b[0m[0003] ${message.padEnd(44)} \u001b[36msource\u001b[0m=console`,
  "behind a container's prefix": (message) => `k6-1  | 2026-01-01T00:00:00Z ${message}\r`,
};

const readAll = (text: string, size = text.length): { lines: K6LogLine[]; reader: K6LogReader } => {
  const reader = new K6LogReader();
  const lines: K6LogLine[] = [];
  for (let at = 0; at < text.length; at += size)
    lines.push(...reader.push(text.slice(at, at + size)));
  lines.push(...reader.end());
  return { lines, reader };
};

/** As `docker logs -t` prints a line: cut at 16 KiB, a time before each part. */
const dockerTimes = (text: string): string =>
  text.replaceAll(/.{1,16384}/g, (part) => `2026-01-01T00:00:00.123456789Z ${part}`);

describe("lab lines", () => {
  it.each(Object.entries(FORMATS))(
    "of 20 KB in %s format are whole, and torn by Docker's -t",
    (_, format) => {
      const text = format(ascii(line("p1", ...Array.from({ length: 450 }, () => ended("s1")))));
      expect(text.length).toBeGreaterThan(20_000);
      expect(readAll(`${text}\n`).lines).toHaveLength(1);
      const { lines, reader } = readAll(`${dockerTimes(text)}\n`);
      expect(lines).toEqual([]);
      expect(reader.torn).toBe(1);
      expect(reader.example).toContain("copy the output again, without -t");
    },
  );

  it.each(Object.entries(FORMATS))("are found in %s format, whole and in pieces", (_, format) => {
    const lines = [hostile, line("p2", ended("s2")), line("p1", ended("s1"), ended("s3"))];
    const text = [
      "running 1 of 3",
      ...lines.map((one) => format(ascii(one))),
      "level=warning msg=hi",
      "",
    ].join("\n");
    for (const size of [text.length, 7, 1]) {
      const { lines: found, reader } = readAll(text, size);
      expect(found).toEqual(lines);
      expect(reader.torn).toBe(0);
    }
  });

  it.each(Object.entries(FORMATS))(
    "count as torn in %s format wherever they are cut",
    (_, format) => {
      const whole = format(ascii(hostile));
      const at = whole.indexOf(LINE_MARK);
      const payloadEnd = whole.lastIndexOf("}") + (whole.startsWith("{") ? 0 : 1);
      for (let end = at + 4; end < payloadEnd - (whole.startsWith("{") ? 12 : 0); end++) {
        const cut = whole.slice(0, end);
        const { lines, reader } = readAll(`${format(ascii(line("p1", ended("s1"))))}\n${cut}`);
        if (lines.length === 2) expect(lines[1]).toEqual(hostile);
        else expect([lines.length, reader.torn]).toEqual([1, 1]);
      }
    },
  );

  it("count as torn in the middle of a file too, with what was wrong with the first", () => {
    const { lines, reader } = readAll(
      `${ascii(hostile).slice(0, 60)}\n${ascii(line("p1", ended("s1")))}\n${LINE_MARK}{"v":1,"process":"","records":[]}\n`,
    );
    expect(lines).toEqual([line("p1", ended("s1"))]);
    expect(reader).toMatchObject({ torn: 2, example: "a line that does not end, or is no JSON" });
  });

  it.each([
    [{ type: "k6-ended", session: "s1" }, "k6-ended: atMs"],
    [
      { type: "received", session: "s1", connection: 1, epoch: "e", seq: -1, atMs: 1 },
      "received: seq must be",
    ],
    [{ type: "published", session: "s1" }, "a record of type published"],
    [null, "a record without a type"],
  ])("are torn when a record is none of a script's: %j", (record, reason) => {
    const { lines, reader } = readAll(
      `${LINE_MARK}${JSON.stringify({ v: 1, process: "p", records: [record] })}\n`,
    );
    expect(lines).toEqual([]);
    expect(reader.torn).toBe(1);
    expect(reader.example).toContain(reason);
  });

  it("of another version are refused by name", () => {
    const newer = `${LINE_MARK}${JSON.stringify({ v: 2, process: "p", records: [] })}\n`;
    expect(() => readAll(newer)).toThrow(K6LogVersionError);
    expect(() => readAll(newer)).toThrow("of version 2, this lab reads version 1");
  });
});
