/** The tokens that a case names, made when the case begins. */
import { SignJWT } from "jose";

/** A token as data. */
export interface TokenSpec {
  role?: string;
  /** Claim `sse_session`: the one session whose channel it opens. */
  session?: string;
  /** Seconds from the start of the case; negative: expired. Default: an hour. */
  expiresInS?: number;
  /** Claims that are left out. */
  without?: readonly ("role" | "exp")[];
  /** Another secret than the server's. */
  wrongSecret?: true;
  /** Header values in place of HS256's: what the server finds no key for. */
  header?: { alg: string; kid?: string };
}

/** The role and the claim that the lab's policy lets read one session's channel. */
export const SESSION_TOKEN: TokenSpec = { role: "authenticated", session: "<session>" };

/** Tokens every case may name. */
export const TOKENS = {
  service: { role: "service_role" },
  anon: { role: "anon" },
  session: SESSION_TOKEN,
  "other-session": { role: "authenticated", session: "<session>-other" },
  expired: { ...SESSION_TOKEN, expiresInS: -60 },
  "wrong-secret": { ...SESSION_TOKEN, wrongSecret: true },
  "no-role": { ...SESSION_TOKEN, without: ["role"] },
  "no-exp": { ...SESSION_TOKEN, without: ["exp"] },
  "no-signer": { ...SESSION_TOKEN, header: { alg: "RS256" } },
} as const satisfies Record<string, TokenSpec>;

export async function mintToken(spec: TokenSpec, jwtSecret: string, now = Date.now()): Promise<string> {
  const seconds = Math.floor(now / 1000);
  const claims: Record<string, unknown> = {
    role: spec.role ?? "authenticated",
    exp: seconds + (spec.expiresInS ?? 3600),
    iat: seconds + Math.min(0, (spec.expiresInS ?? 0) - 60),
    ...(spec.session === undefined ? {} : { sse_session: spec.session }),
  };
  const kept = Object.fromEntries(
    Object.entries(claims).filter(([claim]) => !spec.without?.some((gone) => gone === claim)),
  );
  const secret = new TextEncoder().encode(spec.wrongSecret ? `not-${jwtSecret}` : jwtSecret);
  const signed = await new SignJWT(kept).setProtectedHeader({ alg: "HS256" }).sign(secret);
  if (!spec.header) return signed;
  const header = Buffer.from(JSON.stringify({ typ: "JWT", ...spec.header })).toString("base64url");
  return [header, ...signed.split(".").slice(1)].join(".");
}
