import type { Config } from "./config.ts";
import { Hub } from "./hub.ts";
import { RateMeter } from "./rate-meter.ts";
import { TokenVerifier } from "./tokens.ts";

/** The operations that a tenant needs of a socket. */
export interface TenantSocket {
  readonly lastFrameMs: number;
  /** True if it has joined a channel before and has none now. */
  readonly isAbandoned: boolean;
  /** Sends a `system` message to each channel, then closes with 1012. */
  disconnect(): void;
  closeIdle(): void;
  terminate(): void;
}

/** Padding that the real server adds to the payload limit, bytes. */
const PAYLOAD_PADDING = 500;

/** The server's one project: its tokens, topics, sockets and limits. */
export class Tenant {
  readonly hub = new Hub();
  readonly sockets = new Set<TenantSocket>();
  /** Sockets that have joined a channel at least once. */
  readonly users = new Set<TenantSocket>();
  readonly events: RateMeter;
  readonly joins: RateMeter;
  readonly verifier: TokenVerifier;
  readonly #config: Config;

  constructor(config: Config) {
    this.#config = config;
    this.events = new RateMeter(config.TENANT_MAX_EVENTS_PER_SECOND, config.RATE_SAMPLE_MS);
    this.joins = new RateMeter(config.TENANT_MAX_JOINS_PER_SECOND, config.RATE_SAMPLE_MS);
    this.verifier = new TokenVerifier(config.API_JWT_SECRET);
  }

  /** @param host `Host` header, with or without a port; its first label names the tenant */
  answersTo(host: string | undefined): boolean {
    const label = /^[^.:]*/.exec(host ?? "")?.[0] ?? "";
    return this.#config.SELF_HOST_TENANT_NAME.includes(label);
  }

  get maxEventsPerSecond(): number {
    return this.#config.TENANT_MAX_EVENTS_PER_SECOND;
  }

  get maxChannelsPerClient(): number {
    return this.#config.TENANT_MAX_CHANNELS_PER_CLIENT;
  }

  get isFull(): boolean {
    return this.users.size >= this.#config.TENANT_MAX_CONCURRENT_USERS;
  }

  /** The real server measures the Erlang term. The bytes of the JSON are close enough. */
  isOversize(payloadBytes: number): boolean {
    return payloadBytes > this.#config.TENANT_MAX_PAYLOAD_SIZE_IN_KB * 1000 + PAYLOAD_PADDING;
  }

  /** Closes the sockets that have sent no frame for `timeoutMs`. */
  closeIdle(timeoutMs: number): void {
    const latest = performance.now() - timeoutMs;
    for (const socket of [...this.sockets]) if (socket.lastFrameMs < latest) socket.closeIdle();
  }

  /** Cuts the sockets that have left all their channels. */
  cutAbandoned(): void {
    for (const socket of [...this.sockets]) if (socket.isAbandoned) socket.terminate();
  }

  /** Disconnects every client and ends the timers. */
  stop(): void {
    for (const socket of [...this.sockets]) socket.disconnect();
    this.events.stop();
    this.joins.stop();
  }
}
