const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;
const NO_BYTES = Buffer.alloc(0);
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const ONLY_DIGITS = /^[0-9]+$/;

/** Called in order while a stream's bytes are scanned. */
export interface SseHandlers {
  /**
   * An event is dispatched. `id` is the `id:` field of this very event, `undefined` without one.
   * {@link SseScanner.data} may be called until this returns.
   */
  onSseEvent(name: string, id: string | undefined): void;
  /** A valid `retry:` field, milliseconds. */
  onSseRetry(retryMs: number): void;
}

/** A line or an event's data is larger than the scanner is allowed to hold. */
export class SseTooLargeError extends Error {
  override name = "SseTooLargeError";
}

/**
 * Incremental parser of an event stream on bytes (WHATWG HTML, 9.2.6 "Interpreting an event
 * stream"). Written by hand for half the CPU time per event of eventsource-parser (figures in
 * socket-transport.ts); a property test compares the two. Bytes are only borrowed during {@link
 * push}: what is left of a line at the end of a chunk is copied, nothing else is, and data is
 * decoded only when a handler asks for it.
 */
export class SseScanner {
  readonly #handlers: SseHandlers;
  readonly #maxBytes: number;
  /**
   * Bytes of the stream's first three that matched a byte order mark; -1 once the start is behind
   * us.
   */
  #bomBytes = 0;
  #sawCr = false;
  /** Start of a line whose end has not been seen yet. */
  #rest: Buffer = NO_BYTES;
  #restLength = 0;
  #name = "";
  #id: string | undefined;
  #idBuffer: string;
  #hasData = false;
  #dataBytes = 0;
  /**
   * Data lines so far, decoded; then the last one, if it lies in the current chunk (-1: it does
   * not).
   */
  #dataText: string[] = [];
  #dataStart = -1;
  #dataEnd = 0;
  #chunk: Buffer = NO_BYTES;

  /**
   * The event source's last event ID string, to be sent as `Last-Event-ID`. It outlives the
   * connection, as in browsers: the standard's text empties its buffer for a new connection, and
   * the first event without an id would then forget it.
   */
  lastEventId: string;

  constructor(handlers: SseHandlers, maxBytes: number, lastEventId = "") {
    this.#handlers = handlers;
    this.#maxBytes = maxBytes;
    this.lastEventId = lastEventId;
    this.#idBuffer = lastEventId;
  }

  /** True if lines came that no empty line follows. */
  get isWithinEvent(): boolean {
    return this.#hasData || this.#restLength > 0;
  }

  /** The current event's data, lines joined by LF. Valid during `onSseEvent` only. */
  data(): string {
    this.#keepData();
    return this.#dataText.join("\n");
  }

  /**
   * Scans `buffer[start..end)`. The end of the stream needs no call: an unfinished event is
   * dropped.
   * @throws SseTooLargeError the stream cannot be followed any further
   */
  push(buffer: Buffer, start = 0, end = buffer.length): void {
    this.#chunk = buffer;
    let lineStart = this.#bomBytes < 0 ? start : this.#skipBom(buffer, start, end);
    if (this.#sawCr && lineStart < end) {
      this.#sawCr = false;
      if (buffer[lineStart] === LF) lineStart++;
    }
    // Native searches, and none for a CR where there is none left: a loop over the bytes costs ten
    // times as much. They may run on behind `end`, which is cheaper than the garbage that a view of
    // the bytes would be.
    let lf = buffer.indexOf(LF, lineStart);
    let cr = buffer.indexOf(CR, lineStart);
    for (;;) {
      const lineEnd = cr === -1 || (lf !== -1 && lf < cr) ? lf : cr;
      if (lineEnd === -1 || lineEnd >= end) break;
      if (this.#restLength > 0) this.#restLine(buffer, lineStart, lineEnd);
      else this.#line(buffer, lineStart, lineEnd, true);
      lineStart = lineEnd + 1;
      if (lineEnd === cr) {
        if (lineStart === end) this.#sawCr = true;
        else if (buffer[lineStart] === LF) lineStart++;
        cr = buffer.indexOf(CR, lineStart);
      }
      if (lf !== -1 && lf < lineStart) lf = buffer.indexOf(LF, lineStart);
    }
    this.#keep(buffer, lineStart, end);
    this.#keepData();
    this.#chunk = NO_BYTES;
  }

  /** A byte order mark is skipped at the very start of the stream only. It may arrive in pieces. */
  #skipBom(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && this.#bomBytes >= 0 && this.#bomBytes < BOM.length) {
      if (buffer[at] === BOM[this.#bomBytes]) {
        at++;
        this.#bomBytes++;
      } else {
        const matched = this.#bomBytes;
        this.#bomBytes = -1;
        this.#keep(BOM, 0, matched);
      }
    }
    if (this.#bomBytes === BOM.length) this.#bomBytes = -1;
    return at;
  }

  /** Copies an unfinished line. */
  #keep(buffer: Buffer, start: number, end: number): void {
    const length = this.#restLength + (end - start);
    if (end === start) return;
    if (length > this.#maxBytes)
      throw new SseTooLargeError(`a line is longer than ${this.#maxBytes} bytes`);
    if (length > this.#rest.length) {
      const larger = Buffer.allocUnsafe(this.#restLength === 0 ? length : length * 2);
      this.#rest.copy(larger, 0, 0, this.#restLength);
      this.#rest = larger;
    }
    buffer.copy(this.#rest, this.#restLength, start, end);
    this.#restLength = length;
  }

  #restLine(buffer: Buffer, start: number, end: number): void {
    this.#keep(buffer, start, end);
    const line = this.#rest;
    const length = this.#restLength;
    this.#rest = NO_BYTES;
    this.#restLength = 0;
    this.#line(line, 0, length, false);
  }

  /** Data of an unfinished event must not point into a chunk that is about to be overwritten. */
  #keepData(): void {
    if (this.#dataStart < 0) return;
    this.#dataText.push(this.#chunk.toString("utf8", this.#dataStart, this.#dataEnd));
    this.#dataStart = -1;
  }

  /** One line without its end. `borrowed`: it lies in the current chunk. */
  #line(buffer: Buffer, start: number, end: number, borrowed: boolean): void {
    if (start === end) {
      this.#dispatch();
      return;
    }
    let colon = start;
    while (colon < end && buffer[colon] !== COLON) colon++;
    const nameLength = colon - start;
    let value = Math.min(colon + 1, end);
    if (value < end && buffer[value] === SPACE) value++;
    // The four field names differ in length or first letter; only then is the rest compared.
    if (nameLength === 4 && is(buffer, start, "data")) this.#dataLine(buffer, value, end, borrowed);
    else if (nameLength === 5 && is(buffer, start, "event"))
      this.#name = eventName(buffer, value, end);
    else if (nameLength === 2 && is(buffer, start, "id")) this.#idLine(buffer, value, end);
    else if (nameLength === 5 && is(buffer, start, "retry"))
      this.#retryLine(buffer.toString("latin1", value, end));
  }

  #dataLine(buffer: Buffer, start: number, end: number, borrowed: boolean): void {
    this.#dataBytes += end - start + 1;
    if (this.#dataBytes > this.#maxBytes) {
      throw new SseTooLargeError(`an event's data is longer than ${this.#maxBytes} bytes`);
    }
    this.#hasData = true;
    this.#keepData();
    if (borrowed) {
      this.#dataStart = start;
      this.#dataEnd = end;
    } else this.#dataText.push(buffer.toString("utf8", start, end));
  }

  #idLine(buffer: Buffer, start: number, end: number): void {
    const id = buffer.toString("utf8", start, end);
    if (id.includes("\0")) return;
    this.#id = id;
    this.#idBuffer = id;
  }

  #retryLine(value: string): void {
    if (ONLY_DIGITS.test(value)) this.#handlers.onSseRetry(Number(value));
  }

  #dispatch(): void {
    this.lastEventId = this.#idBuffer;
    // Without any `data` line nothing is dispatched; with one empty `data` line an event with empty
    // data is.
    if (this.#hasData)
      this.#handlers.onSseEvent(this.#name === "" ? "message" : this.#name, this.#id);
    this.#name = "";
    this.#id = undefined;
    if (!this.#hasData) return;
    this.#hasData = false;
    this.#dataBytes = 0;
    if (this.#dataText.length > 0) this.#dataText = [];
    this.#dataStart = -1;
  }
}

/**
 * Event names repeat: the last one is compared before a new string is made. ASCII only, where bytes
 * and characters are one.
 */
let lastName = "message";
const eventName = (buffer: Buffer, start: number, end: number): string => {
  if (end - start === lastName.length && is(buffer, start, lastName)) return lastName;
  const name = buffer.toString("utf8", start, end);
  if (name.length === end - start) lastName = name;
  return name;
};

const is = (buffer: Buffer, at: number, name: string): boolean => {
  for (let i = 0; i < name.length; i++) if (buffer[at + i] !== name.charCodeAt(i)) return false;
  return true;
};
