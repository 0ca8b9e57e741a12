import type { Request, RequestHandler, Response } from "express";
import { Problem } from "./problem.ts";
import type { SessionClaims, SessionTokens } from "./session-token.ts";

/**
 * Passes a request if its token belongs to the session `:id`. The token is in `Authorization:
 * Bearer` or in the query parameter `token`, because a browser's EventSource sends no headers. It
 * answers 401 without a valid token and 403 for a token of another session.
 */
export function requireSession(tokens: SessionTokens): RequestHandler<{ id: string }> {
  return (req, res, next) => {
    const claims = tokens.verify(tokenOf(req) ?? "", Date.now());
    if (claims === undefined)
      throw new Problem(401, "Unauthorized", "The session token is missing, invalid or expired.", {
        headers: { "www-authenticate": "Bearer" },
      });
    if (claims.sessionId !== req.params.id)
      throw new Problem(403, "Forbidden", "The token belongs to another session.");
    res.locals["session"] = claims;
    next();
  };
}

/** The claims that {@link requireSession} accepted. */
export const sessionOf = (res: Response): SessionClaims => res.locals["session"] as SessionClaims;

function tokenOf(req: Request<{ id: string }>): string | undefined {
  const bearer = /^Bearer +([^ ]+)$/i.exec(req.get("authorization") ?? "")?.[1];
  const query: unknown = req.query["token"];
  return bearer ?? (typeof query === "string" ? query : undefined);
}
