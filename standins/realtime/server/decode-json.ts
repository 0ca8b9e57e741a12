import { isUtf8 } from "node:buffer";
import { jsonFault } from "../../../common/portable/json-fault.ts";
import { parseJson } from "../../../common/portable/parse-json.ts";

/** Jason has no limit; a JavaScript program cannot write a value much deeper than this. */
const MAX_DEPTH = 1000;

/**
 * Decodes JSON with the strictness of the real server's decoder (Jason 1.4, `decoder.ex`): no bytes
 * that are not UTF-8, no half of a surrogate pair, no float beyond the largest double.
 * @returns undefined for what Jason refuses
 */
export function decodeJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString("utf8");
  const json = parseJson(text);
  const isRefused =
    json === undefined || jsonFault(text, { maxDepth: MAX_DEPTH, lossless: false }) !== undefined;
  return isRefused ? undefined : json;
}
