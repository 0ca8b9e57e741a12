import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** Where a service listens. Default: 127.0.0.1, without TLS, at the root. */
export interface Place {
  host?: string;
  tls?: { key: string; cert: string };
  /** Before all of its paths: `/app`. */
  basePath?: string;
}

/** A service of a test on a free port of this host, which remembers its requests. */
export abstract class HttpService {
  readonly requests: SeenRequest[] = [];
  #server: Server = createServer();
  #basePath = "";

  static async start<Service extends HttpService>(
    this: new () => Service,
    place: Place = {},
  ): Promise<Service> {
    const service = new this();
    await service.#listen(place);
    return service;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
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

  async #listen({ host = "127.0.0.1", tls, basePath = "" }: Place): Promise<void> {
    const serve = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#onRequest(request, response);
    this.#server = tls ? createTlsServer(tls, serve) : createServer(serve);
    this.#basePath = basePath;
    this.#server.listen(0, host);
    await once(this.#server, "listening");
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "", headers } = request;
    const url = path.startsWith(this.#basePath) ? path.slice(this.#basePath.length) : "";
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const seen = { method, url, headers, body };
    this.requests.push(seen);
    this.answer(seen, response, request);
  }
}
