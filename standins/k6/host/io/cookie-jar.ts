import { parseSetCookie } from "set-cookie-parser";

import type { ReplyCookie } from "../../protocol.ts";

interface StoredCookie {
  name: string;
  value: string;
  domain: string;
  hostOnly: boolean;
  path: string;
  secure: boolean;
  /** Unix ms. */
  expires: number;
}

/** Cookies by RFC 6265. Like Go's jar, it ignores ports. */
export class CookieJar {
  #cookies: StoredCookie[] = [];

  /** @returns the cookies of a response of k6/http */
  take(url: URL, setCookies: readonly string[]): ReplyCookie[] {
    return parseSetCookie([...setCookies], { decodeValues: false }).map((given) => {
      const domain = given.domain?.replace(/^\./, "").toLowerCase();
      const path = given.path?.startsWith("/") === true ? given.path : defaultPath(url.pathname);
      const expires =
        given.maxAge === undefined
          ? (given.expires?.getTime() ?? Infinity)
          : Date.now() + given.maxAge * 1000;
      if (domain === undefined || domainMatches(url.hostname, domain, false)) {
        const hostOnly = domain === undefined || domain === url.hostname;
        const stored = {
          name: given.name,
          value: given.value,
          domain: domain ?? url.hostname,
          hostOnly,
          path,
        };
        this.#store({ ...stored, secure: given.secure === true, expires });
      }
      return {
        name: given.name,
        value: given.value,
        domain: given.domain ?? "",
        path: given.path ?? "",
        http_only: given.httpOnly === true,
        secure: given.secure === true,
        max_age: given.maxAge ?? 0,
        expires: given.expires?.getTime() ?? 0,
      };
    });
  }

  /** The cookies of a request to the URL, longest path first. */
  forUrl(url: URL): { name: string; value: string }[] {
    const matching = this.#matching(url).filter(
      (cookie) => !cookie.secure || url.protocol === "https:",
    );
    return matching.sort((a, b) => b.path.length - a.path.length);
  }

  clear(url: URL): void {
    const gone = new Set(this.#matching(url));
    this.#cookies = this.#cookies.filter((cookie) => !gone.has(cookie));
  }

  delete(url: URL, name: string): void {
    const gone = new Set(this.#matching(url).filter((cookie) => cookie.name === name));
    this.#cookies = this.#cookies.filter((cookie) => !gone.has(cookie));
  }

  #matching(url: URL): StoredCookie[] {
    const now = Date.now();
    this.#cookies = this.#cookies.filter((cookie) => cookie.expires > now);
    return this.#cookies.filter(
      (cookie) =>
        domainMatches(url.hostname, cookie.domain, cookie.hostOnly) &&
        pathMatches(url.pathname, cookie.path),
    );
  }

  #store(cookie: StoredCookie): void {
    this.#cookies = this.#cookies.filter(
      (old) => old.name !== cookie.name || old.domain !== cookie.domain || old.path !== cookie.path,
    );
    this.#cookies.push(cookie);
  }
}

function domainMatches(host: string, domain: string, hostOnly: boolean): boolean {
  return host === domain || (!hostOnly && !/^[\d.]+$/.test(host) && host.endsWith(`.${domain}`));
}

function pathMatches(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
}

function defaultPath(path: string): string {
  const last = path.lastIndexOf("/");
  return last <= 0 ? "/" : path.slice(0, last);
}
