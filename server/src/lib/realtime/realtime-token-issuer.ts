import { createSecretKey, type KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import { PAGE_ROLE } from "../../../../common/portable/realtime/config-rules.ts";
import { webSocketUrlOf } from "../../../../common/portable/realtime/urls.ts";
import {
  SESSION_CLAIM,
  sessionChannel,
  type RealtimeAccess,
  type RealtimeToken,
} from "../../contract/events.ts";

export interface RealtimeTokenIssuerOptions {
  /** REALTIME_PUBLIC_URL if clients need another address, else REALTIME_URL. */
  url: string;
  jwtSecret: string;
  /** Undefined: a client sends its own token as `apikey`. */
  anonKey: string | undefined;
  /** Lifetime of a token, seconds. */
  tokenTtlS: number;
  catchUp: boolean;
}

/** Issues tokens for one session's channel: its policy compares the claim with the topic. */
export class RealtimeTokenIssuer {
  readonly #options: RealtimeTokenIssuerOptions;
  readonly #key: KeyObject;

  constructor(options: RealtimeTokenIssuerOptions) {
    this.#options = options;
    this.#key = createSecretKey(options.jwtSecret, "utf8");
  }

  /** @param sessionEndsAt milliseconds since 1970; no token outlives its session */
  async access(sessionId: string, sessionEndsAt: number): Promise<RealtimeAccess> {
    const { url, anonKey, catchUp } = this.#options;
    const token = await this.token(sessionId, sessionEndsAt);
    return {
      url: webSocketUrlOf(url),
      apikey: anonKey ?? token.token,
      topic: sessionChannel(sessionId),
      catchUp,
      ...token,
    };
  }

  /** @param sessionEndsAt milliseconds since 1970 */
  async token(sessionId: string, sessionEndsAt: number): Promise<RealtimeToken> {
    const nowS = Math.floor(Date.now() / 1000);
    // A JWT counts whole seconds.
    const expiresS = Math.min(nowS + this.#options.tokenTtlS, Math.floor(sessionEndsAt / 1000));
    const token = await new SignJWT({ role: PAGE_ROLE, [SESSION_CLAIM]: sessionId })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuedAt(nowS)
      .setExpirationTime(expiresS)
      .sign(this.#key);
    const expiresInS = Math.max(0, Math.floor(expiresS - Date.now() / 1000));
    return { token, expiresInS, expiresAt: expiresS * 1000 };
  }
}
