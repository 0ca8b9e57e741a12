import type { IncomingMessage } from "node:http";
import { isObject, type JsonObject } from "./json-object.ts";

/** Largest body, bytes: the default of Plug's parsers. */
const MAX_BODY_BYTES = 8_000_000;
const MAX_DRAINED_BYTES = 32_000_000;

/** What a body said, as Plug's parsers make it. */
export type ReadBody = { json: JsonObject } | { bytes: Buffer };

/** `refused`: the status to answer with. */
export type HttpBody = ReadBody | { refused: 400 | 413 };

/** Reads a body. JSON that is no object comes as `{_json: value}`; a body of an unknown or no content type as `{}`. */
export async function readBody(request: IncomingMessage): Promise<HttpBody> {
  const bytes = await readBytes(request);
  if (bytes === undefined) return { refused: 413 };
  const type = mediaType(request);
  if (type === "application/octet-stream") return { bytes };
  if (type === undefined || !/^application\/(.+\+)?json$/.test(type) || bytes.length === 0)
    return { json: {} };
  try {
    const json: unknown = JSON.parse(bytes.toString("utf8"));
    return { json: isObject(json) ? json : { _json: json } };
  } catch {
    return { refused: 400 };
  }
}

export const mediaType = (request: IncomingMessage): string | undefined =>
  request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();

/** A body that is too large is read to its end all the same: a client that is still writing would not read the answer. */
async function readBytes(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_BODY_BYTES) chunks.push(chunk);
      else chunks.length = 0;
      if (length > MAX_DRAINED_BYTES) request.destroy(new Error("a body without an end"));
    });
    request.on("end", () => {
      if (length > MAX_BODY_BYTES) resolve(undefined);
      else resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    request.on("error", reject);
  });
}
