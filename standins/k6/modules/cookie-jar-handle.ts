import type { JarCall } from "../protocol.ts";
import type { VuContext } from "../vu/vu-context.ts";

/** The default jar of all requests and streams of a VU. */
export const VU_JAR = 0;
let lastJar = VU_JAR;

/** A cookie jar of k6/http. The main thread stores its cookies. */
export class CookieJar {
  readonly id: number;
  readonly #vu: VuContext;

  constructor(vu: VuContext, id: number) {
    this.#vu = vu;
    this.id = id;
  }

  cookiesForURL(url: string): unknown {
    const cookies = this.#call({ jar: this.id, action: "get", url });
    return this.#vu.realm.parse(JSON.stringify(cookies));
  }

  set(url: string, name: string, value: unknown, options?: Record<string, unknown> | null): void {
    const known: Record<string, string> = {
      domain: "Domain",
      path: "Path",
      expires: "Expires",
      max_age: "Max-Age",
      secure: "Secure",
      http_only: "HttpOnly",
    };
    const attributes = Object.entries(options ?? {}).map(([option, given]) => {
      if (given === false) return "";
      return given === true
        ? `; ${known[option] ?? option}`
        : `; ${known[option] ?? option}=${String(given)}`;
    });
    this.#call({
      jar: this.id,
      action: "set",
      url,
      name,
      value: String(value),
      attributes: attributes.join(""),
    });
  }

  clear(url: string): void {
    this.#call({ jar: this.id, action: "clear", url });
  }

  #call(call: Exclude<JarCall, { action: "reset" }>): Record<string, string[]> {
    if (!URL.canParse(call.url))
      throw this.#vu.realm.error(`parse "${call.url}": invalid URI for request`);
    return this.#vu.link.call("jar", call);
  }

  delete(url: string, name: string): void {
    this.#call({ jar: this.id, action: "delete", url, name });
  }
}

/** The class `http.CookieJar`: each instance is a new, empty jar. */
export function jarClass(vu: VuContext) {
  return class extends CookieJar {
    constructor() {
      super(vu, ++lastJar);
    }
  };
}
