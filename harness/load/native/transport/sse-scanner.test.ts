import { createParser } from "eventsource-parser";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SseScanner, SseTooLargeError } from "./sse-scanner.ts";
import { cut, scan, type Scanned } from "../../test-support/scan.ts";
import { SSE_CORPUS } from "../../test-support/sse-corpus.ts";

describe.each(SSE_CORPUS)("$name", ({ stream, events, retries = [], lastEventId = "" }) => {
  const bytes = Buffer.from(stream as string);
  const expected: Scanned = { events, retries, lastEventId };

  test("is read as the standard says", () => {
    expect(scan([bytes])).toEqual(expected);
  });

  test("is read the same byte by byte", () => {
    expect(scan(cut(bytes, [...bytes.keys()]))).toEqual(expected);
  });

  test("is read the same however it is cut into three", () => {
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        expect(scan(cut(bytes, [first, second])), `cut at ${first} and ${second}`).toEqual(
          expected,
        );
      }
    }
  });
});

/**
 * Pieces that matter to the grammar, so that random streams are full of events, and now and then
 * any byte at all.
 */
const streams = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom("\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n") },
      {
        weight: 6,
        arbitrary: fc.constantFrom(
          "data:",
          "data: ",
          "data",
          "event: ",
          "id: ",
          "id",
          "retry: ",
          ":",
          " ",
        ),
      },
      { weight: 3, arbitrary: fc.constantFrom("x", "é☃🚂", "\0", "12", "\uFEFF", "message") },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4 }) },
    ),
    { maxLength: 60 },
  )
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part as string))));

const parseByLibrary = (bytes: Buffer): Omit<Scanned, "lastEventId"> => {
  const parsed: Omit<Scanned, "lastEventId"> = { events: [], retries: [] };
  const parser = createParser({
    onEvent: ({ event, id, data }) => parsed.events.push([event ?? "message", id, data]),
    onRetry: (retryMs) => parsed.retries.push(retryMs),
  });
  // It takes text. The decoder removes the byte order mark, as the standard has it.
  parser.feed(new TextDecoder().decode(bytes));
  return parsed;
};

/**
 * Known difference: eventsource-parser waits for the byte after a CR, in case it is an LF, and so
 * holds back an event whose last byte is a lone CR; the standard ends the line there. A comment
 * line behind the stream takes the difference away.
 */
test("agrees with eventsource-parser on random streams, however they are cut", () => {
  fc.assert(
    fc.property(streams, fc.array(fc.nat(), { maxLength: 12 }), (stream, places) => {
      const bytes = Buffer.concat([stream, Buffer.from(":\n")]);
      const { events, retries } = scan(cut(bytes, places));
      expect({ events, retries }).toEqual(parseByLibrary(bytes));
    }),
    { numRuns: 3_000 },
  );
});

test("dispatches an event at a lone CR without waiting, where eventsource-parser waits", () => {
  const bytes = Buffer.from("data: x\r\r");
  expect(scan([bytes]).events).toEqual([["message", undefined, "x"]]);
  expect(parseByLibrary(bytes).events).toEqual([]);
});

test("reads random streams the same whole and in any pieces, the last event id included", () => {
  fc.assert(
    fc.property(streams, fc.array(fc.nat(), { maxLength: 12 }), (bytes, places) => {
      expect(scan(cut(bytes, places))).toEqual(scan([bytes]));
    }),
    { numRuns: 2_000 },
  );
});

test("starts from the last event id of the connection before", () => {
  const scanner = new SseScanner({ onSseEvent: () => {}, onSseRetry: () => {} }, 100, "7");
  scanner.push(Buffer.from("data: x\n\n"));
  expect(scanner.lastEventId).toBe("7");
});

test.each([
  ["one endless line", [Buffer.alloc(600, "x"), Buffer.alloc(600, "x")]],
  ["data lines without end", Array<Buffer>(300).fill(Buffer.from("data: x\n"))],
])("refuses %s instead of holding it in memory", (_, chunks) => {
  expect(() => scan(chunks, 500)).toThrow(SseTooLargeError);
});
