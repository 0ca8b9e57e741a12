import type { SseEvent } from "../protocol.ts";

/** What came of a line: a whole event, or a line that is none the extension knows. */
export type SseLineResult = { type: "event"; event: SseEvent } | { type: "error"; message: string };

const NEWLINE = 10;

/**
 * Reads lines as xk6-sse v0.1.12 does, which is not as the standard says: only `\n` ends a line, an empty line always makes an event, the CR of
 * a CRLF stays on id, name and comment, and a line without a known prefix is an error.
 */
export class SseLines {
  #rest: Buffer = Buffer.alloc(0);
  #event = emptyEvent();
  #data: Buffer[] = [];

  /** What is left without a newline at the end of the stream is never read, nor is a block without its empty line. */
  feed(bytes: Buffer): SseLineResult[] {
    const results: SseLineResult[] = [];
    let buffer = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (let end = buffer.indexOf(NEWLINE); end >= 0; end = buffer.indexOf(NEWLINE)) {
      const result = this.#line(buffer.subarray(0, end + 1));
      if (result !== undefined) results.push(result);
      buffer = buffer.subarray(end + 1);
    }
    this.#rest = buffer;
    return results;
  }

  /** @param line with its newline */
  #line(line: Buffer): SseLineResult | undefined {
    const text = line.toString("utf8");
    if (text === "\n" || text === "\r\n") {
      const data = Buffer.concat(this.#data)
        .toString("utf8")
        .replace(/[\r\n]+$/, "");
      const event = { ...this.#event, data };
      this.#event = emptyEvent();
      this.#data = [];
      return { type: "event", event };
    }
    const [prefix] = /^(?:id|event|data|retry)?:/.exec(text) ?? [];
    if (prefix === undefined) return { type: "error", message: `unknown event: ${text}` };
    const skipped = prefix.length + (text[prefix.length] === " " ? 1 : 0);
    const value = text.slice(skipped, -1);
    if (prefix === "id:") this.#event.id = value;
    else if (prefix === ":") this.#event.comment = value;
    else if (prefix === "event:") this.#event.name = value;
    // The prefix is ASCII, so bytes and characters count alike.
    else if (prefix === "data:") this.#data.push(Buffer.from(line.subarray(skipped)));
    return undefined;
  }
}

function emptyEvent(): SseEvent {
  return { id: "", comment: "", name: "", data: "" };
}
