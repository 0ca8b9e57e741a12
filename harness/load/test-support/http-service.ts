import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** A service of a test on a free port of this host, which remembers its requests. */
export abstract class HttpService {
  readonly requests: SeenRequest[] = [];
  readonly #server: Server = createServer(
    (request, response) => void this.#onRequest(request, response),
  );

  static async start<Service extends HttpService>(this: new () => Service): Promise<Service> {
    const service = new this();
    service.#server.listen(0, "127.0.0.1");
    await once(service.#server, "listening");
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that are open at this moment. */
  async connections(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  protected abstract answer(
    seen: SeenRequest,
    response: ServerResponse,
    request: IncomingMessage,
  ): void;

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const seen = { method, url, headers, body };
    this.requests.push(seen);
    this.answer(seen, response, request);
  }
}
