import { describe, expect, it } from "vitest";

import { logLine } from "./log-line.ts";

const AT = new Date("2026-01-02T03:04:05.678Z");
const CONSOLE = { source: "console" };

describe("logLine", () => {
  it("raw: only the message", () => {
    expect(logLine("raw", "info", 'a "b"\nc', CONSOLE, AT)).toBe('a "b"\nc\n');
  });

  it("json: sorted keys and Go's escapes", () => {
    expect(logLine("json", "info", '<a> & "b"', CONSOLE, AT)).toBe(
      '{"level":"info","msg":"\\u003ca\\u003e \\u0026 ' +
        '\\"b\\"","source":"console","time":"2026-01-02T03:04:05Z"}\n',
    );
  });

  it("text: key=value with Go's quoting", () => {
    const line = (message: string) => logLine("text", "warning", message, CONSOLE, AT);
    const start = 'time="2026-01-02T03:04:05Z" level=warning msg=';
    expect(line("plain-text")).toBe(`${start}plain-text source=console\n`);
    expect(line('{"a": "ä\\n"}\n\u0001\u00a0😀')).toBe(
      `${start}"{\\"a\\": \\"ä\\\\n\\"}\\n\\x01\\u00a0😀" source=console\n`,
    );
  });
});
