/**
 * A stand-in for Supabase Realtime, for hosts that cannot run the real server: Broadcast over
 * WebSocket and HTTP, private channels, tokens and limits. Its semantics follow the source of
 * supabase/realtime 2.129.8 and Phoenix. Its latency and throughput are those of a small Node
 * server and say nothing about Supabase.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import type { Config } from "./config.ts";
import { answerHttp } from "./http/http-api.ts";
import { Tenant } from "./tenant.ts";
import { checkHandshake, rejectHandshake } from "./websocket/handshake.ts";
import { RealtimeSocket } from "./websocket/socket.ts";

export interface RunningStandIn {
  port: number;
  /** Tells every channel, closes every socket with 1012, then closes the listener. */
  stop(): Promise<void>;
}

/** The server's `max_frame_size`, bytes. */
const MAX_FRAME_BYTES = 5_000_000;
const KEEP_ALIVE_MS = 60_000;
/** All clients reconnect at once after an outage. Ranch's default. */
const BACKLOG = 1024;
/** Sockets that have not answered the close frame by then are cut. */
const CLOSE_GRACE_MS = 500;

/**
 * Starts the server in this process. Never logs a token, a key or a payload.
 * @throws Error of `listen` if the address is not available
 */
export async function runStandIn(config: Config, log: Logger): Promise<RunningStandIn> {
  const tenant = new Tenant(config);
  const connectErrorBackoffMs = config.CONNECT_ERROR_BACKOFF_MS;
  const wss = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
    // Text is parsed as JSON anyway; the real server skips this check too.
    skipUTF8Validation: true,
  });
  const settings = {
    channelErrorBackoffMs: config.CHANNEL_ERROR_BACKOFF_MS,
    maxBufferBytes: config.MAX_SOCKET_BUFFER_BYTES,
    log,
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    void answerHttp({ tenant, log, connectErrorBackoffMs }, request, response);
  });
  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const handshake = await checkHandshake(request, tenant);
    if (!handshake.ok) return rejectHandshake(socket, handshake, connectErrorBackoffMs);
    wss.handleUpgrade(request, socket, head, (ws) => {
      new RealtimeSocket(ws, { ...handshake, tenant }, settings);
    });
  };
  const connections = new Set<Socket>();
  server.on("connection", (socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
  });
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", (error) => log.debug({ err: error }, "a connection failed"));
    upgrade(request, socket, head).catch((error: unknown) => {
      log.error({ err: error }, "a handshake failed");
      socket.destroy();
    });
  });

  const { IDLE_TIMEOUT_MS, NO_CHANNEL_TIMEOUT_IN_MS } = config;
  // Often enough that a socket is not idle for much longer than the limit.
  const idleSweepMs = Math.min(1000, Math.ceil(IDLE_TIMEOUT_MS / 4));
  const idle = setInterval(() => tenant.closeIdle(IDLE_TIMEOUT_MS), idleSweepMs).unref();
  const abandoned = setInterval(() => tenant.cutAbandoned(), NO_CHANNEL_TIMEOUT_IN_MS).unref();
  server.listen({ port: config.PORT, host: config.HOST, backlog: BACKLOG });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      clearInterval(idle);
      clearInterval(abandoned);
      const closed = new Promise((resolve) => server.close(resolve));
      tenant.stop();
      server.closeIdleConnections();
      const cut = setTimeout(() => {
        for (const socket of connections) socket.destroy();
      }, CLOSE_GRACE_MS);
      await closed;
      clearTimeout(cut);
    },
  };
}
