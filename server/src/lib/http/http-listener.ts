import type { RequestListener, Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Routers keep idle connections for up to 90 s. A server that closes first breaks a new request.
 */
const KEEP_ALIVE_TIMEOUT_MS = 95_000;
/** Room for a burst of reconnects: a connection beyond the backlog waits for TCP's retry of 1 s. */
const LISTEN_BACKLOG = 4096;
/** How long clients can read the last bytes after the drain. */
const LAST_BYTES_MS = 250;

/** A listening HTTP server. */
export interface HttpListener {
  port: number;
  /** Accepts no more connections, waits briefly for running responses, then cuts the rest. */
  close(): Promise<void>;
}

/** @throws if the port is taken or the host is not an address of this machine */
export async function listen(
  app: RequestListener,
  address: { port: number; host: string },
): Promise<HttpListener> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS }, app);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ ...address, backlog: LISTEN_BACKLOG }, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: async () => close(server) };
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([closed, sleep(LAST_BYTES_MS, undefined, { ref: false })]);
  // An open stream never ends by itself.
  server.closeAllConnections();
  await closed;
}
