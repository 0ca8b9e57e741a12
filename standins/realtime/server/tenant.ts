import { randomUUID } from "node:crypto";
import { Hub } from "./hub.ts";
import { RateMeter } from "./rate-meter.ts";
import { TokenVerifier } from "./tokens.ts";

/** A tenant as the tenant API shows and takes it; limits as in supabase/realtime's `tenants` table. */
export interface TenantSettings {
  externalId: string;
  jwtSecret: string;
  maxConcurrentUsers: number;
  maxEventsPerSecond: number;
  maxJoinsPerSecond: number;
  maxChannelsPerClient: number;
  maxPayloadKb: number;
  presenceEnabled: boolean;
  privateOnly: boolean;
  suspended: boolean;
}

/** A socket, as its tenant sees it. */
export interface TenantSocket {
  readonly lastFrameMs: number;
  /** True when it has joined a channel, and has none any more. */
  readonly isAbandoned: boolean;
  /** Tells each channel, then closes with 1012. */
  disconnect(): void;
  closeIdle(): void;
  terminate(): void;
}

/** The server's padding of the payload limit, bytes. */
const PAYLOAD_PADDING = 500;

/** One project: its own tokens, topics, sockets and limits. */
export class Tenant {
  readonly id = randomUUID();
  readonly insertedAt = new Date();
  readonly hub = new Hub();
  readonly sockets = new Set<TenantSocket>();
  /** Sockets that have joined a channel once. */
  readonly users = new Set<TenantSocket>();
  readonly #sampleMs: number;
  settings: TenantSettings;
  events: RateMeter;
  joins: RateMeter;
  verifier: TokenVerifier;

  constructor(settings: TenantSettings, sampleMs: number) {
    this.settings = settings;
    this.#sampleMs = sampleMs;
    this.events = new RateMeter(settings.maxEventsPerSecond, sampleMs);
    this.joins = new RateMeter(settings.maxJoinsPerSecond, sampleMs);
    this.verifier = new TokenVerifier(settings.jwtSecret);
  }

  /** What changes who may be connected cuts everyone; a rate's new limit starts counting anew. */
  update(settings: TenantSettings): void {
    const before = this.settings;
    this.settings = settings;
    if (settings.maxEventsPerSecond !== before.maxEventsPerSecond) {
      this.events.stop();
      this.events = new RateMeter(settings.maxEventsPerSecond, this.#sampleMs);
    }
    if (settings.maxJoinsPerSecond !== before.maxJoinsPerSecond) {
      this.joins.stop();
      this.joins = new RateMeter(settings.maxJoinsPerSecond, this.#sampleMs);
    }
    if (settings.jwtSecret !== before.jwtSecret) this.verifier = new TokenVerifier(settings.jwtSecret);
    if (
      settings.jwtSecret !== before.jwtSecret ||
      settings.privateOnly !== before.privateOnly ||
      settings.suspended !== before.suspended
    )
      this.disconnectAll();
  }

  disconnectAll(): void {
    for (const socket of [...this.sockets]) socket.disconnect();
  }

  stop(): void {
    this.events.stop();
    this.joins.stop();
  }

  /** The server measures the Erlang term; the bytes of the JSON are near enough well away from the edge. */
  isOversize(payloadBytes: number): boolean {
    return payloadBytes > this.settings.maxPayloadKb * 1000 + PAYLOAD_PADDING;
  }

  get isFull(): boolean {
    return this.users.size >= this.settings.maxConcurrentUsers;
  }
}

/** All tenants of the server, by the first label of the host name. */
export class TenantTable {
  readonly #byId = new Map<string, Tenant>();
  /** Names by which the first tenant is reached as well. */
  readonly #aliases: ReadonlyMap<string, string>;

  /** @param aliases host label -> external id */
  constructor(aliases: ReadonlyMap<string, string>) {
    this.#aliases = aliases;
  }

  get(name: string): Tenant | undefined {
    return this.#byId.get(name) ?? this.#byId.get(this.#aliases.get(name) ?? "");
  }

  /** @param host `Host` header, with or without a port */
  ofHost(host: string | undefined): Tenant | undefined {
    return this.get(/^[^.:]*/.exec(host ?? "")?.[0] ?? "");
  }

  add(tenant: Tenant): void {
    this.#byId.set(tenant.settings.externalId, tenant);
  }

  remove(tenant: Tenant): void {
    this.#byId.delete(tenant.settings.externalId);
    tenant.disconnectAll();
    tenant.stop();
  }

  all(): Tenant[] {
    return [...this.#byId.values()];
  }
}
