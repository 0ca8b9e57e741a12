/** The parts of a response head that a stream client looks at. */
export interface ResponseHead {
  status: number;
  /** Names in lower case; of a repeated field the last value, `set-cookie` excepted. */
  headers: Readonly<Record<string, string>>;
  setCookies: readonly string[];
}

export interface ResponseHandlers {
  onHead(head: ResponseHead): void;
  /**
   * A piece of the body, with the framing removed; the bytes are borrowed for the length of the
   * call.
   */
  onBody(buffer: Buffer, start: number, end: number): void;
  /**
   * The body is complete. Never called for a body that ends with the connection: see {@link
   * HttpResponseReader.finish}.
   */
  onComplete(): void;
}

/** What was read is not HTTP/1.1, or larger than allowed. */
export class HttpFormatError extends Error {
  override name = "HttpFormatError";
}

const LF = 10;
const CR = 13;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9][0-9]{2})(?: .*)?$/;
const CHUNK_SIZE = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/;
const LENGTH = /^[0-9]{1,15}$/;
/** Sizes below 256 MiB; larger ones take the general way. */
const MAX_QUICK_DIGITS = 7;
const MAX_CHUNK_LINE_BYTES = 4 * 1024;

type State =
  | "head"
  | "chunk-size"
  | "chunk-data"
  | "chunk-end"
  | "trailers"
  | "counted"
  | "to-the-end"
  | "done";

/**
 * Incremental reader of one HTTP/1.1 response (RFC 9112): interim 1xx heads, then a body that is
 * chunked, has a content length, or ends with the connection. A lone LF ends a line, too (section
 * 2.2). Written by hand, since node:http costs twice the CPU time per event (figures in
 * socket-transport.ts).
 */
export class HttpResponseReader {
  readonly #handlers: ResponseHandlers;
  readonly #maxHeadBytes: number;
  #state: State = "head";
  #line = "";
  #headLines: string[] = [];
  #headBytes = 0;
  /** Bytes left of the current chunk or of the counted body. */
  #left = 0;

  constructor(handlers: ResponseHandlers, maxHeadBytes: number) {
    this.#handlers = handlers;
    this.#maxHeadBytes = maxHeadBytes;
  }

  /** @throws HttpFormatError */
  push(buffer: Buffer, start = 0, end = buffer.length): void {
    let at = start;
    while (at < end && this.#state !== "done") {
      if (this.#state === "to-the-end") {
        this.#handlers.onBody(buffer, at, end);
        return;
      }
      if (this.#state === "chunk-data" || this.#state === "counted")
        at = this.#takeBytes(buffer, at, end);
      else if (this.#state === "chunk-size") at = this.#takeChunkSize(buffer, at, end);
      else at = this.#takeLine(buffer, at, end);
    }
  }

  /** The connection was closed by the server. True when the response was whole. */
  finish(): boolean {
    return this.#state === "done" || this.#state === "to-the-end";
  }

  /** Nothing more is read or reported. */
  stop(): void {
    this.#state = "done";
  }

  #takeBytes(buffer: Buffer, start: number, end: number): number {
    const stop = Math.min(end, start + this.#left);
    this.#left -= stop - start;
    // The handler may call stop(), so the state is moved on first.
    const complete = this.#left === 0 && this.#state === "counted";
    if (this.#left === 0) this.#state = complete ? "done" : "chunk-end";
    this.#handlers.onBody(buffer, start, stop);
    if (complete) this.#handlers.onComplete();
    // The usual end of a chunk, in one piece with it.
    if (
      this.#state === "chunk-end" &&
      stop + 1 < end &&
      buffer[stop] === CR &&
      buffer[stop + 1] === LF
    ) {
      this.#state = "chunk-size";
      return stop + 2;
    }
    return stop;
  }

  /**
   * The usual chunk size, hexadecimal digits and CRLF in one piece, without making a string of it;
   * {@link #takeLine} does the rest.
   */
  #takeChunkSize(buffer: Buffer, start: number, end: number): number {
    if (this.#line !== "") return this.#takeLine(buffer, start, end);
    let size = 0;
    let at = start;
    for (; at < end && at - start < MAX_QUICK_DIGITS; at++) {
      const digit = hexDigit(buffer[at] ?? 0);
      if (digit < 0) break;
      size = size * 16 + digit;
    }
    const usual =
      at > start && size > 0 && at + 1 < end && buffer[at] === CR && buffer[at + 1] === LF;
    if (!usual) return this.#takeLine(buffer, start, end);
    this.#left = size;
    this.#state = "chunk-data";
    return at + 2;
  }

  #takeLine(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && buffer[at] !== LF) at++;
    this.#line += buffer.toString("latin1", start, at);
    const inHead = this.#state === "head" || this.#state === "trailers";
    if (inHead) this.#headBytes += at - start + 1;
    if (inHead ? this.#headBytes > this.#maxHeadBytes : this.#line.length > MAX_CHUNK_LINE_BYTES) {
      throw new HttpFormatError(inHead ? "response head too large" : "chunk size line too long");
    }
    if (at === end) return end;
    const line = this.#line.endsWith("\r") ? this.#line.slice(0, -1) : this.#line;
    this.#line = "";
    this.#onLine(line);
    return at + 1;
  }

  #onLine(line: string): void {
    switch (this.#state) {
      case "head":
        if (line !== "") this.#headLines.push(line);
        else if (this.#headLines.length > 0) this.#endHead();
        return;
      case "chunk-size":
        this.#startChunk(line);
        return;
      case "chunk-end":
        if (line !== "") throw new HttpFormatError("chunk longer than its size says");
        this.#state = "chunk-size";
        return;
      default:
        if (line !== "") return;
        this.#state = "done";
        this.#handlers.onComplete();
    }
  }

  #startChunk(line: string): void {
    const size = CHUNK_SIZE.exec(line)?.[1];
    if (size === undefined)
      throw new HttpFormatError(`malformed chunk size ${JSON.stringify(line.slice(0, 40))}`);
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? "trailers" : "chunk-data";
  }

  #endHead(): void {
    const head = parseHead(this.#headLines);
    this.#headLines = [];
    if (head.status < 200) {
      if (head.status === 101) throw new HttpFormatError("unexpected protocol switch");
      return;
    }
    this.#state = this.#bodyState(head);
    const complete = this.#state === "done";
    this.#handlers.onHead(head);
    if (complete) this.#handlers.onComplete();
  }

  /** Message body length, RFC 9112 section 6.3. */
  #bodyState(head: ResponseHead): State {
    if (head.status === 204 || head.status === 304) return "done";
    const coding = head.headers["transfer-encoding"];
    if (coding !== undefined) {
      if (coding.trim().toLowerCase() !== "chunked")
        throw new HttpFormatError(`transfer coding ${coding}`);
      return "chunk-size";
    }
    const length = head.headers["content-length"];
    if (length === undefined) return "to-the-end";
    if (!LENGTH.test(length)) throw new HttpFormatError(`content length ${length}`);
    this.#left = Number(length);
    return this.#left === 0 ? "done" : "counted";
  }
}

/** Value of an ASCII hexadecimal digit, -1 for any other byte. */
const hexDigit = (byte: number): number => {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
};

const parseHead = (lines: readonly string[]): ResponseHead => {
  const [statusLine = "", ...fields] = lines;
  const status = STATUS_LINE.exec(statusLine)?.[1];
  if (status === undefined)
    throw new HttpFormatError(`not HTTP/1.1: ${JSON.stringify(statusLine.slice(0, 40))}`);
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  const setCookies: string[] = [];
  for (const line of fields) {
    const colon = line.indexOf(":");
    if (colon <= 0)
      throw new HttpFormatError(`malformed header line ${JSON.stringify(line.slice(0, 40))}`);
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === "set-cookie") setCookies.push(value);
    else if (name === "content-length" && (headers[name] ?? value) !== value) {
      throw new HttpFormatError("contradicting content lengths");
    } else headers[name] = value;
  }
  return { status: Number(status), headers, setCookies };
};
