import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";

const Claims = z.object({
  sessionId: z.string(),
  /** The epoch of the session's first pipeline run. */
  epoch: z.string(),
  /** Wall clock, milliseconds since 1970. */
  expiresAt: z.number(),
});

export type SessionClaims = z.infer<typeof Claims>;

/**
 * Session tokens: `base64url(claims as JSON).base64url(HMAC-SHA256 of the first part)`. Instances
 * with the same secret accept them, so they share no session store. It is not a JWT because `jose`
 * verifies those asynchronously, and one fixed algorithm needs no header.
 */
export class SessionTokens {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
  }

  sign(claims: SessionClaims): string {
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    return `${payload}.${this.#mac(payload).toString("base64url")}`;
  }

  /**
   * The claims of a valid token that expires after `now` (milliseconds since 1970), or undefined.
   */
  verify(token: string, now: number): SessionClaims | undefined {
    const [payload, mac, ...rest] = token.split(".");
    if (payload === undefined || mac === undefined || rest.length > 0) return undefined;
    const expected = this.#mac(payload);
    const given = Buffer.from(mac, "base64url");
    // Compare the text too, because base64url decoding ignores stray characters.
    if (given.length !== expected.length || given.toString("base64url") !== mac) return undefined;
    if (!timingSafeEqual(given, expected)) return undefined;
    const claims = Claims.safeParse(JSON.parse(Buffer.from(payload, "base64url").toString()));
    return claims.success && claims.data.expiresAt > now ? claims.data : undefined;
  }

  #mac(payload: string): Buffer {
    return createHmac("sha256", this.#secret).update(payload).digest();
  }
}
