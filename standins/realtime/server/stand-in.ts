/**
 * A stand-in for Supabase Realtime: its Broadcast over WebSocket and HTTP, channels, tokens and limits, for hosts that
 * cannot run the real server. The semantics follow the source of supabase/realtime 2.129.8 and Phoenix; the latency and
 * the throughput are those of a small Node server, and say nothing about Supabase.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Config } from "./config.ts";
import { checkHandshake, rejectHandshake } from "./handshake.ts";
import { answerHttp } from "./http-api.ts";
import type { Log } from "./log.ts";
import { sessionPolicy, type ChannelPolicy } from "./policy.ts";
import { RealtimeSocket } from "./socket.ts";
import { TenantApi } from "./tenant-api.ts";
import { Tenant, TenantTable, type TenantSettings } from "./tenant.ts";

export interface RunningStandIn {
  port: number;
  /** Tells every channel, closes every socket with 1012, then the listener. */
  stop(): Promise<void>;
}

/** The server's `max_frame_size`, bytes. */
const MAX_FRAME_BYTES = 5_000_000;
const KEEP_ALIVE_MS = 60_000;
/** Everyone comes back at once after an outage. Ranch's default. */
const BACKLOG = 1024;
/** Sockets that have not answered the close by then are cut. */
const CLOSE_GRACE_MS = 500;

/** @throws Error of `listen` when the address is not to be had */
export async function runStandIn(
  config: Config,
  log: Log,
  policy: ChannelPolicy = sessionPolicy,
): Promise<RunningStandIn> {
  const { tenants, tenantApi } = tenantsOf(config);
  const wss = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
    // Text is parsed as JSON anyway; the real server skips this check as well.
    skipUTF8Validation: true,
  });
  const settings = {
    policy,
    channelErrorBackoffMs: config.CHANNEL_ERROR_BACKOFF_MS,
    maxBufferBytes: config.MAX_SOCKET_BUFFER_BYTES,
    log,
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    void answerHttp(
      { tenants, policy, tenantApi, log, connectErrorBackoffMs: config.CONNECT_ERROR_BACKOFF_MS },
      request,
      response,
    );
  });
  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const handshake = await checkHandshake(request, tenants);
    if (!handshake.ok) return rejectHandshake(socket, handshake, config.CONNECT_ERROR_BACKOFF_MS);
    wss.handleUpgrade(request, socket, head, (ws) => {
      new RealtimeSocket(ws, handshake, settings);
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

  const idle = setInterval(() => closeIdle(tenants, config.IDLE_TIMEOUT_MS), sweepMs(config)).unref();
  const abandoned = setInterval(() => cutAbandoned(tenants), config.NO_CHANNEL_TIMEOUT_IN_MS).unref();
  server.listen({ port: config.PORT, host: config.HOST, backlog: BACKLOG });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      clearInterval(idle);
      clearInterval(abandoned);
      const closed = new Promise((resolve) => server.close(resolve));
      for (const tenant of tenants.all()) {
        tenant.disconnectAll();
        tenant.stop();
      }
      server.closeIdleConnections();
      const cut = setTimeout(() => {
        for (const socket of connections) socket.destroy();
      }, CLOSE_GRACE_MS);
      await closed;
      clearTimeout(cut);
    },
  };
}

function tenantsOf(config: Config): { tenants: TenantTable; tenantApi: TenantApi } {
  const defaults: Omit<TenantSettings, "externalId"> = {
    jwtSecret: config.API_JWT_SECRET,
    maxConcurrentUsers: config.TENANT_MAX_CONCURRENT_USERS,
    maxEventsPerSecond: config.TENANT_MAX_EVENTS_PER_SECOND,
    maxJoinsPerSecond: config.TENANT_MAX_JOINS_PER_SECOND,
    maxChannelsPerClient: config.TENANT_MAX_CHANNELS_PER_CLIENT,
    maxPayloadKb: config.TENANT_MAX_PAYLOAD_SIZE_IN_KB,
    presenceEnabled: false,
    privateOnly: false,
    suspended: false,
  };
  const [externalId = "realtime", ...aliases] = config.SELF_HOST_TENANT_NAME;
  const tenants = new TenantTable(new Map(aliases.map((alias) => [alias, externalId])));
  const main = new Tenant({ ...defaults, externalId }, config.RATE_SAMPLE_MS);
  tenants.add(main);
  return { tenants, tenantApi: new TenantApi(tenants, main.verifier, defaults, config.RATE_SAMPLE_MS) };
}

/** Often enough that a socket is not idle for much longer than it may. */
const sweepMs = (config: Config): number => Math.min(1000, Math.ceil(config.IDLE_TIMEOUT_MS / 4));

function closeIdle(tenants: TenantTable, timeoutMs: number): void {
  const latest = performance.now() - timeoutMs;
  for (const tenant of tenants.all())
    for (const socket of [...tenant.sockets]) if (socket.lastFrameMs < latest) socket.closeIdle();
}

function cutAbandoned(tenants: TenantTable): void {
  for (const tenant of tenants.all())
    for (const socket of [...tenant.sockets]) if (socket.isAbandoned) socket.terminate();
}
