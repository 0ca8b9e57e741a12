import type { ControlRequest } from "../../portable/session/session-steps.ts";
import type { ResponseHead } from "./http-response-reader.ts";

/** One request whose response is followed as it arrives. */
export type StreamRequest = ControlRequest;

/** How a stream came to its end without being closed by its owner. */
export interface StreamEnd {
  /**
   * `no-answer`: no response head was read. `ended`: the response is complete. `error`: it was cut
   * off or makes no sense.
   */
  kind: "no-answer" | "ended" | "error";
  reason: string;
  atMs: number;
}

export interface StreamHandlers {
  onHead(head: ResponseHead, atMs: number): void;
  /**
   * Bytes of the body. They are borrowed: the next read overwrites them. `atMs` is taken once per
   * read.
   */
  onBytes(buffer: Buffer, start: number, end: number, atMs: number): void;
  /** At most once, and never after {@link OpenStream.close}. */
  onEnd(end: StreamEnd): void;
}

export interface OpenStream {
  /**
   * Drops the connection; no handler is called from here on. Safe to call twice and from within a
   * handler.
   */
  close(): void;
}

/** The seam between what a client does and how bytes reach it. */
export interface StreamTransport {
  /** Never throws; every failure arrives by `onEnd`. */
  open(request: StreamRequest, handlers: StreamHandlers): OpenStream;
  /** Closes every stream. */
  close(): void;
}
