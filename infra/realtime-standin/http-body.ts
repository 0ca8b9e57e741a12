import type { IncomingMessage } from "node:http";
import { isObject, type JsonObject } from "./json-object.ts";

/** Largest body, bytes: the default of Plug's parsers. */
const MAX_BODY_BYTES = 8_000_000;

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

async function readBytes(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) return undefined;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_BODY_BYTES) chunks.push(chunk);
      else {
        request.pause();
        resolve(undefined);
      }
    });
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.on("error", reject);
  });
}
