import { compactVerify, errors } from "jose";
import { isObject, type JsonObject } from "./json-object.ts";

/** Claims of a token that a connection accepts. The policy reads the others. */
export interface Claims {
  role: unknown;
  /** Seconds since 1970. */
  exp: number;
  [claim: string]: unknown;
}

/** What the server says of a refused token, in the words of supabase/realtime. */
export interface TokenProblem {
  /** Error of a refused handshake. */
  handshake: string;
  /** Reason of a refused join. */
  join: string;
  /** Message of a channel that a new token ends. */
  system: string;
}

export type TokenCheck = { ok: true; claims: Claims } | { ok: false; problem: TokenProblem };

const problem = (code: string, text: string, rest: Partial<TokenProblem> = {}): TokenProblem => ({
  handshake: text,
  join: `${code}: ${text}`,
  system: text,
  ...rest,
});
const MALFORMED = problem("MalformedJWT", "The token provided is not a valid JWT");
/** The server prints the Elixir atom when a channel ends. */
const BAD_SIGNATURE = problem("JwtSignatureError", "Failed to validate JWT signature", {
  system: ":signature_error",
});
const MISSING_CLAIMS = problem("InvalidJWTToken", "Fields `role` and `exp` are required in JWT");
export const expiredText = (secondsAgo: number): string =>
  `Token has expired ${secondsAgo} seconds ago`;

/** A publisher sends the same token thousands of times per second. */
const CACHED_TOKENS = 10_000;
const ALGORITHMS = ["HS256", "HS384", "HS512"];

/** Checks tokens in the order of supabase/realtime (`jwt_verification.ex`). */
export class TokenVerifier {
  readonly #secret: Uint8Array;
  /** Claims of verified tokens. Expiry is checked every time. */
  readonly #verified = new Map<string, JsonObject>();

  constructor(secret: string) {
    this.#secret = new TextEncoder().encode(secret);
  }

  /** Accepts a token that is signed, not expired, and has `role` and `exp`. */
  async check(token: string): Promise<TokenCheck> {
    const payload = await this.#payloadOf(token);
    if ("problem" in payload) return { ok: false, problem: payload.problem };
    const { role, exp } = payload.claims;
    if (role === undefined || typeof exp !== "number")
      return { ok: false, problem: MISSING_CLAIMS };
    const secondsAgo = nowSeconds() - Math.round(exp);
    if (secondsAgo < 0)
      return { ok: true, claims: { ...payload.claims, role, exp: Math.round(exp) } };
    const expired = { handshake: "Token has expired" };
    return { ok: false, problem: problem("InvalidJWTToken", expiredText(secondsAgo), expired) };
  }

  async #payloadOf(token: string): Promise<{ claims: JsonObject } | { problem: TokenProblem }> {
    const known = this.#verified.get(token);
    if (known !== undefined) return { claims: known };
    const [header, payload, ...rest] = token.split(".");
    const claims = decodePart(payload);
    if (rest.length !== 1 || !isObject(decodePart(header)) || !isObject(claims))
      return { problem: MALFORMED };
    try {
      await compactVerify(token, this.#secret, { algorithms: ALGORITHMS });
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      return { problem: BAD_SIGNATURE };
    }
    if (this.#verified.size >= CACHED_TOKENS) this.#verified.clear();
    this.#verified.set(token, claims);
    return { claims };
  }
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

function decodePart(part = ""): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
