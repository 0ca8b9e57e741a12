import { Pool } from "undici";
import type { EngineLimits } from "../../portable/engine-limits.ts";
import { bodyText } from "../../portable/service/fill-template.ts";
import type { ControlAnswer, ControlRequest } from "../../portable/session/session-steps.ts";
import { parseJson } from "../../../../common/portable/parse-json.ts";
import { basePathOf } from "./resolve-target.ts";

export interface CookieAnswer extends ControlAnswer {
  /** Values of the `Set-Cookie` fields. */
  setCookies: readonly string[];
}

const NO_ANSWER: CookieAnswer = { status: 0, setCookies: [], body: undefined };

/**
 * The requests of all sessions of a worker that are not streams, over a bounded set of kept-alive
 * connections.
 */
export class ControlClient {
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #instanceHeader: string | undefined;

  /**
   * @param url of the router; its path goes before the path of every request
   * @param instanceHeader names the instance that answered
   */
  constructor(url: string, limits: EngineLimits, instanceHeader: string | undefined) {
    const { origin, pathname } = new URL(url);
    this.#instanceHeader = instanceHeader;
    this.#basePath = basePathOf(pathname);
    this.#pool = new Pool(origin, {
      connections: limits.controlConnections,
      headersTimeout: limits.controlTimeoutMs,
      bodyTimeout: limits.controlTimeoutMs,
      // Also with NODE_TLS_REJECT_UNAUTHORIZED=0.
      connect: { timeout: limits.controlTimeoutMs, rejectUnauthorized: true },
    });
  }

  /** Never rejects: without an answer the status is 0. */
  async send(request: ControlRequest): Promise<CookieAnswer> {
    try {
      const { method, path, body } = request;
      const answer = await this.#pool.request({
        method,
        path: `${this.#basePath}${path}`,
        headers:
          body === undefined
            ? request.headers
            : { "content-type": "application/json", ...request.headers },
        ...(body === undefined ? {} : { body: bodyText(body) }),
      });
      const text = await answer.body.text();
      const { headers } = answer;
      const instance = this.#instanceHeader && headers[this.#instanceHeader];
      const setCookie = headers["set-cookie"];
      const retryAfter = Number(headers["retry-after"] ?? NaN);
      return {
        status: answer.statusCode,
        headers,
        setCookies: setCookie === undefined ? [] : [setCookie].flat(),
        body: /\bjson\b/.test(String(headers["content-type"])) ? parseJson(text) : undefined,
        ...(typeof instance === "string" ? { instance } : {}),
        ...(retryAfter >= 0 ? { retryAfterMs: retryAfter * 1000 } : {}),
      };
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      return { ...NO_ANSWER, reason: code ?? name };
    }
  }

  /** Drops all connections; requests under way are answered with status 0. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
