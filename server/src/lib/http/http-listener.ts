import type { RequestListener, Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Routers keep idle connections for up to 90 s; a server that closes first breaks the request that comes right then. */
const KEEP_ALIVE_TIMEOUT_MS = 95_000;
/** A storm of reconnects arrives within milliseconds; what does not fit into the backlog waits for TCP's one-second retry. */
const LISTEN_BACKLOG = 4096;
/** What clients get to take the last bytes after the drain. */
const LAST_BYTES_MS = 250;

/** An HTTP server that listens. */
export interface HttpListener {
  port: number;
  /** Takes no new connections, lets answers under way finish for a moment, then cuts what is left. */
  close(): Promise<void>;
}

/** @throws when the port is taken or the host is not this machine's */
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
