/** The tokens of a case, signed when the case begins. */
import { SignJWT } from "jose";
import { PAGE_ROLE } from "../../../common/portable/realtime/config-rules.ts";

/** A token as data. */
export interface TokenSpec {
  role: string;
  /** Claim `sse_session`: the session whose channel the token opens. */
  session?: string;
  /** Seconds from the start of the case; negative: expired. Default: an hour. */
  expiresInS?: number;
  /** Signed with another secret than the server's. */
  wrongSecret?: true;
}

const SESSION_TOKEN: TokenSpec = { role: PAGE_ROLE, session: "<session>" };

/** Tokens that every case may name. */
export const TOKENS = {
  service: { role: "service_role" },
  anon: { role: "anon" },
  session: SESSION_TOKEN,
  "other-session": { role: PAGE_ROLE, session: "<session>-other" },
  expired: { ...SESSION_TOKEN, expiresInS: -60 },
  "wrong-secret": { ...SESSION_TOKEN, wrongSecret: true },
} as const satisfies Record<string, TokenSpec>;

export async function mintToken(
  { role, session, expiresInS = 3600, wrongSecret }: TokenSpec,
  jwtSecret: string,
): Promise<string> {
  const seconds = Math.floor(Date.now() / 1000);
  return new SignJWT({ role, ...(session === undefined ? {} : { sse_session: session }) })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuedAt(seconds + Math.min(0, expiresInS - 60))
    .setExpirationTime(seconds + expiresInS)
    .sign(new TextEncoder().encode(wrongSecret ? `not-${jwtSecret}` : jwtSecret));
}
