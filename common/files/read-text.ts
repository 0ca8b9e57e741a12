/**
 * Text files that come from elsewhere: a byte order mark is skipped, UTF-16 is refused by name, and
 * lines end in LF or CRLF.
 */
import { createReadStream } from "node:fs";
import { UTF16_PROBLEM, withoutMark } from "../portable/plain-text.ts";
import { UserError } from "../user-error.ts";

/** A file without line ends must not fill the memory. Characters. */
const LINE_LIMIT = 16 * 1024 * 1024;
/** More than any summary or scenario has. Characters. */
const TEXT_LIMIT = 128 * 1024 * 1024;

/**
 * The text in pieces of any size.
 * @throws UserError for UTF-16; the file system's error
 */
export async function* readPieces(path: string): AsyncGenerator<string> {
  let first = true;
  for await (const piece of createReadStream(path, "utf8") as AsyncIterable<string>) {
    const text = first ? withoutMark(piece) : piece;
    if (text === undefined) throw new UserError(`${path} ${UTF16_PROBLEM}`);
    first = false;
    yield text;
  }
}

/** @throws UserError for UTF-16 and for more than 128 Mi characters; the file system's error */
export async function readText(path: string): Promise<string> {
  let text = "";
  for await (const piece of readPieces(path)) {
    text += piece;
    if (text.length > TEXT_LIMIT)
      throw new UserError(`${path} has more than ${TEXT_LIMIT} characters: is it the right file?`);
  }
  return text;
}

/**
 * The lines without their ends. Text behind the last line end is a line too.
 * @throws UserError for UTF-16 and for lines of over 16 Mi characters; the file system's error
 */
export async function* readLines(path: string): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of readPieces(path)) {
    const lines = `${rest}${piece}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
    if (rest.length > LINE_LIMIT)
      throw new UserError(`${path} has a line of more than ${LINE_LIMIT} characters`);
  }
  if (rest !== "") yield rest;
}
