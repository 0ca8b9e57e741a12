import { parseSetCookie } from "set-cookie-parser";

/**
 * The cookies of one browser tab that talks to one host: name and value, the last one wins, an
 * expired one is deleted. Path, domain and the security attributes make no difference with a single
 * origin and are ignored.
 */
export class CookieStore {
  /** Created at the first cookie: without affinity there are no cookies. */
  #cookies: Map<string, string> | undefined;
  #header = "";

  /** @param setCookies the values of a response's `Set-Cookie` fields */
  take(setCookies: readonly string[]): void {
    if (setCookies.length === 0) return;
    this.#cookies ??= new Map();
    for (const cookie of parseSetCookie([...setCookies], { decodeValues: false })) {
      // Max-Age wins over Expires (RFC 6265, 5.3).
      const expired =
        cookie.maxAge !== undefined
          ? cookie.maxAge <= 0
          : (cookie.expires?.getTime() ?? Infinity) <= Date.now();
      if (expired) this.#cookies.delete(cookie.name);
      else this.#cookies.set(cookie.name, cookie.value);
    }
    this.#header = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** The headers with the cookies. Those that a header has already stay. */
  addTo(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    if (this.#header === "") return headers;
    const own = headers["cookie"];
    return { ...headers, cookie: own === undefined ? this.#header : `${own}; ${this.#header}` };
  }
}
