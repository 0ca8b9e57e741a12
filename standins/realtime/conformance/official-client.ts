/** The official client, realtime-js, against a case's tenant. */
import { RealtimeClient, type RealtimeChannel, type WebSocketLikeConstructor } from "@supabase/realtime-js";
import WebSocket from "ws";
import type { Vsn } from "./frames.ts";
import { Mismatch, show } from "./mismatch.ts";
import type { World } from "./world.ts";

const CLOSE_MS = 100;

/** Of realtime-js, not public: what its public ways to leave do, each without the timers that they leave behind. */
interface Internals {
  _cancelPendingDisconnect(): void;
  socketAdapter: {
    disconnect(done: () => void, code?: number, reason?: string, timeoutMs?: number): Promise<unknown>;
  };
}

/** A client of its own, which is ended with the case. */
export function officialClient(world: World, vsn: Vsn, token: string): RealtimeClient {
  const { address } = world;
  // The tenant is in the Host header, and a tenant's host name need not resolve.
  const headers = { host: address.host };
  class TenantWebSocket extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols, { headers });
    }
  }
  const client = new RealtimeClient(address.webSocketUrl.replace(/\/websocket$/, ""), {
    params: { apikey: world.apikey(world.token(token)) },
    transport: TenantWebSocket as unknown as WebSocketLikeConstructor,
    fetch: (url, init) => fetch(url, { ...init, headers: { ...(init?.headers as object), ...headers } }),
    vsn,
    // Longer than a server takes to refuse a join.
    timeout: world.timeoutMs,
  });
  world.atEnd(async () => {
    const internals = client as unknown as Internals;
    for (const channel of client.getChannels()) await channel.unsubscribe(CLOSE_MS);
    // Without channels it would disconnect by itself, two heartbeats later, and disconnect() leaves a timer of 10 s: both keep the process.
    internals._cancelPendingDisconnect();
    await internals.socketAdapter.disconnect(() => undefined, undefined, undefined, CLOSE_MS);
  });
  return client;
}

export interface Status {
  status: string;
  message?: string;
}

/** What a channel told its subscriber, in order. */
export class Statuses {
  readonly #seen: Status[] = [];
  #wake: () => void = () => undefined;

  subscribe(channel: RealtimeChannel): this {
    channel.subscribe((status, error) => {
      this.#seen.push({ status, ...(error && { message: error.message }) });
      this.#wake();
    });
    return this;
  }

  /** The next status. It has to be this one, with this message. */
  async expect(status: string, withinMs: number, message?: string): Promise<void> {
    const expected = `${status}${message === undefined ? "" : ` ${show(message)}`}`;
    if (this.#seen.length === 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, withinMs);
      });
      clearTimeout(timer);
    }
    const seen = this.#seen.shift();
    if (!seen) throw new Mismatch(expected, `no status within ${withinMs / 1000} s`);
    if (seen.status !== status || (message !== undefined && seen.message !== message))
      throw new Mismatch(expected, show(seen));
  }

  get next(): Status | undefined {
    return this.#seen[0];
  }
}
