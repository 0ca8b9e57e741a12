import { compactVerify, errors } from "jose";
import { isObject, type JsonObject } from "./json-object.ts";

/** Claims of a token that has what a connection needs. Other claims are for the channel policy. */
export interface Claims {
  role: unknown;
  /** Seconds since 1970. */
  exp: number;
  [claim: string]: unknown;
}

export type TokenProblem =
  | { kind: "malformed" | "signature" | "signer" | "claims" }
  | { kind: "expired"; secondsAgo: number }
  /** Valid signature, and something in it that the server has no words for, such as an `exp` that is no number. */
  | { kind: "other" };

export type TokenCheck = { ok: true; claims: Claims } | { ok: false; problem: TokenProblem };

export const INVALID_JWT = "The token provided is not a valid JWT";
export const BAD_SIGNATURE = "Failed to validate JWT signature";
export const NO_SIGNER = "Failed to generate JWT signer, check your JWT secret or JWKS configuration";
export const MISSING_CLAIMS = "Fields `role` and `exp` are required in JWT";
export const expiredText = (secondsAgo: number): string => `Token has expired ${secondsAgo} seconds ago`;

/** A publisher sends one and the same token thousands of times a second. */
const CACHED_TOKENS = 10_000;
const ALGORITHMS: readonly unknown[] = ["HS256", "HS384", "HS512"];

/** Checks the tokens of one tenant. The order of the checks is that of supabase/realtime (`jwt_verification.ex`). */
export class TokenVerifier {
  readonly #secret: Uint8Array;
  /** What a token says never changes; whether it has expired does, so that is looked at each time. */
  readonly #verified = new Map<string, JsonObject>();

  constructor(secret: string) {
    this.#secret = new TextEncoder().encode(secret);
  }

  /** A token that opens a socket, a channel or the broadcast API: signed, not expired, with `role` and `exp`. */
  async check(token: string): Promise<TokenCheck> {
    const payload = await this.#payloadOf(clean(token));
    if ("problem" in payload) return { ok: false, problem: payload.problem };
    const { claims } = payload;
    const problem = timeProblem(claims);
    if (problem !== undefined) return { ok: false, problem };
    const { role, exp } = claims;
    if (role === undefined || typeof exp !== "number") return { ok: false, problem: { kind: "claims" } };
    return { ok: true, claims: { ...claims, role, exp: Math.round(exp) } };
  }

  /** A token for the tenant API needs no claims. */
  async isSigned(token: string): Promise<boolean> {
    const payload = await this.#payloadOf(clean(token));
    return !("problem" in payload) && timeProblem(payload.claims) === undefined;
  }

  async #payloadOf(token: string): Promise<{ claims: JsonObject } | { problem: TokenProblem }> {
    const known = this.#verified.get(token);
    if (known !== undefined) return { claims: known };
    const [header, claims, signature, ...more] = token.split(".");
    if (header === undefined || claims === undefined || signature === undefined || more.length > 0)
      return { problem: { kind: "malformed" } };
    const said = decodePart(claims);
    const about = decodePart(header);
    if (said === undefined || about === undefined) return { problem: { kind: "malformed" } };
    if (!isObject(said) || !isObject(about)) return { problem: { kind: "other" } };
    if (!ALGORITHMS.includes(about["alg"])) return { problem: { kind: "signer" } };
    try {
      await compactVerify(token, this.#secret);
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      return { problem: { kind: "signature" } };
    }
    // The oldest goes first: a Map keeps the order of insertion.
    if (this.#verified.size >= CACHED_TOKENS) {
      for (const oldest of this.#verified.keys()) {
        this.#verified.delete(oldest);
        break;
      }
    }
    this.#verified.set(token, said);
    return { claims: said };
  }
}

function timeProblem(claims: JsonObject): TokenProblem | undefined {
  const { exp, iat } = claims;
  const now = nowSeconds();
  if (exp !== undefined && (typeof exp !== "number" || exp <= now))
    return Number.isInteger(exp) ? { kind: "expired", secondsAgo: now - (exp as number) } : { kind: "other" };
  return iat !== undefined && typeof iat !== "number" ? { kind: "other" } : undefined;
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** The server takes tokens that a shell or a URL has mangled. */
function clean(token: string): string {
  let text = token;
  try {
    text = decodeURIComponent(token);
  } catch {
    // Not percent-encoded after all.
  }
  return text.replace(/\s/g, "");
}

function decodePart(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
