import { isUtf8 } from "node:buffer";
import { raw, type RequestHandler } from "express";
import { jsonFault, type JsonRules } from "../../../../common/portable/json-fault.ts";
import { MAX_BODY_DEPTH } from "../streams/parse-event.ts";
import { Problem } from "./problem.ts";

const RULES: JsonRules = { maxDepth: MAX_BODY_DEPTH, lossless: true };

/**
 * Parses JSON bodies for every route. A body whose values cannot reach the streams unchanged is
 * refused with 400 before a route sees it. No body and an empty one are left to the route.
 */
export function jsonBody(limitBytes: number): RequestHandler[] {
  return [
    raw({ type: "application/json", limit: limitBytes }),
    (req, _res, next) => {
      if (Buffer.isBuffer(req.body)) req.body = parseBody(req.body, req.get("content-type") ?? "");
      next();
    },
  ];
}

function parseBody(bytes: Buffer, contentType: string): unknown {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1] ?? "utf-8";
  // RFC 8259, section 8.1: JSON between systems is UTF-8.
  if (!/^utf-?8$/i.test(charset))
    throw new Problem(415, "Unsupported media type", `charset ${charset}: send UTF-8.`);
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw badBody("is not UTF-8; encode it as UTF-8");
  const text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  const json = parse(text);
  const fault = jsonFault(text, RULES);
  if (fault !== undefined) throw badBody(fault);
  return json;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badBody("is not valid JSON");
  }
}

const badBody = (fault: string): Problem => new Problem(400, "Bad request", `The body ${fault}.`);
