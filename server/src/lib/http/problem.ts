import type { ErrorRequestHandler, Request, RequestHandler, Response } from "express";
import type { Logger } from "pino";
import { z } from "zod";

/** An error for the client, as problem details (RFC 9457). `extra` adds members to the body. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    title: string,
    detail: string,
    more: { extra?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.extra = more.extra ?? {};
    this.headers = more.headers ?? {};
  }
}

/**
 * Sends the problem as `application/problem+json`, without `type`, which defaults to "about:blank".
 */
export function sendProblem(res: Response, problem: Problem): void {
  const { status, title, detail, extra } = problem;
  res
    .status(status)
    .set(problem.headers)
    .set("cache-control", "no-store")
    .type("application/problem+json")
    .send(JSON.stringify({ title, status, detail, ...extra }));
}

/**
 * Parses the request body.
 * @throws Problem 400 with every wrong field, or 415 if the body is not JSON
 */
export function readBody<T>(req: Request, schema: z.ZodType<T>): T {
  const body: unknown = req.body;
  // `is` returns null without a body, but not for an empty one.
  const isEmpty = req.get("content-length") === "0";
  if (body === undefined && !isEmpty && req.is("application/json") === false)
    throw new Problem(415, "Unsupported media type", "Send content-type: application/json.");
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({
    field: issue.path.join(".") || "(body)",
    problem: issue.message,
  }));
  const detail = errors.map((error) => `${error.field}: ${error.problem}`).join("; ");
  throw new Problem(400, "Invalid request body", detail, { extra: { errors } });
}

export const notFound: RequestHandler = () => {
  throw new Problem(404, "Not found", "This path does not exist.");
};

/** Use it in `route.all()` after the methods of a path. */
export const methodNotAllowed =
  (...allowed: string[]): RequestHandler =>
  () => {
    throw new Problem(405, "Method not allowed", `This path supports ${allowed.join(", ")}.`, {
      headers: { allow: allowed.join(", ") },
    });
  };

/** An error of body-parser, the router or send (`http-errors`). Only these are for the client. */
const HttpError = z.object({
  status: z.number().min(400).max(499),
  message: z.string(),
  type: z.string().optional(),
  /** Of a body that is too large: the limit, bytes. */
  limit: z.number().optional(),
});

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  413: "Body too large",
  415: "Unsupported media type",
};

/** The last handler: answers every error with problem details, and logs internal ones. */
export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (res.headersSent) {
      next(error);
      return;
    }
    sendProblem(
      res,
      toProblem(error, () =>
        logger.error({ err: error, method: req.method, path: req.path }, "request failed"),
      ),
    );
  };
}

function toProblem(error: unknown, report: () => void): Problem {
  if (error instanceof Problem) return error;
  const http = HttpError.safeParse(error);
  if (!http.success) {
    report();
    return new Problem(500, "Internal server error", "The instance failed to answer this request.");
  }
  const { status, message, type, limit } = http.data;
  const detail =
    type === "entity.too.large" ? `The body is larger than ${limit} bytes; send less.` : message;
  return new Problem(status, TITLES[status] ?? "Request refused", detail);
}
