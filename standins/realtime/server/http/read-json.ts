import type { IncomingMessage } from "node:http";
import { decodeJson } from "../decode-json.ts";

/** Largest body, bytes: the default of Plug's parsers. */
const MAX_BODY_BYTES = 8_000_000;
const MAX_DRAINED_BYTES = 32_000_000;

/** `refused`: the status to answer with. */
export type JsonBody = { json: unknown } | { refused: 400 | 413 };

/** Reads a JSON body. A body of another content type counts as `{}`. */
export async function readJson(request: IncomingMessage): Promise<JsonBody> {
  const bytes = await readBytes(request);
  if (bytes === undefined) return { refused: 413 };
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/json\b/i.test(type) || bytes.length === 0) return { json: {} };
  const json = decodeJson(bytes);
  return json === undefined ? { refused: 400 } : { json };
}

/** Reads an oversize body to its end: a client that still writes would not read the answer. */
async function readBytes(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
    else chunks.length = 0;
    if (length > MAX_DRAINED_BYTES) throw new Error("the body does not end");
  }
  return length > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
}
