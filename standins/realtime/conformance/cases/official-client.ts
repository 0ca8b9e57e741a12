/** The official client, realtime-js, connected to the tenant of a case. */
import {
  RealtimeClient,
  type RealtimeChannel,
  type WebSocketLikeConstructor,
} from "@supabase/realtime-js";
import WebSocket from "ws";
import type { Vsn } from "../frames.ts";
import { Mismatch, show } from "../pattern.ts";
import type { TestContext } from "../test-context.ts";

const CLOSE_MS = 100;

/** Private members of realtime-js that end a client without leaving timers behind. */
interface Internals {
  _cancelPendingDisconnect(): void;
  socketAdapter: {
    disconnect(
      done: () => void,
      code?: number,
      reason?: string,
      timeoutMs?: number,
    ): Promise<unknown>;
  };
}

/** Makes a client that ends with the case. */
export function officialClient(context: TestContext, vsn: Vsn, token: string): RealtimeClient {
  const { address } = context;
  // The Host header names the tenant; its host name may not resolve.
  const headers = { host: address.host };
  class TenantWebSocket extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols, { headers });
    }
  }
  const client = new RealtimeClient(address.webSocketUrl.replace(/\/websocket$/, ""), {
    params: { apikey: context.apikey(context.token(token)) },
    transport: TenantWebSocket as unknown as WebSocketLikeConstructor,
    vsn,
    // Longer than a server needs to refuse a join.
    timeout: context.timeoutMs,
  });
  context.atEnd(async () => {
    const internals = client as unknown as Internals;
    for (const channel of client.getChannels()) await channel.unsubscribe(CLOSE_MS);
    // Without channels the client would disconnect two heartbeats later, and disconnect() leaves a
    // timer of 10 s: both would keep the process alive.
    internals._cancelPendingDisconnect();
    await internals.socketAdapter.disconnect(() => undefined, undefined, undefined, CLOSE_MS);
  });
  return client;
}

export interface Status {
  status: string;
  message?: string;
}

/** The statuses that a channel reports to its subscriber, in order. */
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

  /** The next status has to be this one, with this message. */
  async expect(status: string, withinMs: number, message?: string): Promise<void> {
    const expected = `${status}${message === undefined ? "" : ` ${show(message)}`}`;
    if (this.#seen.length === 0)
      await withinTime(withinMs, new Promise<void>((resolve) => (this.#wake = resolve)));
    const seen = this.#seen.shift();
    if (!seen) throw new Mismatch(expected, `no status within ${withinMs / 1000} s`);
    if (seen.status !== status || (message !== undefined && seen.message !== message))
      throw new Mismatch(expected, show(seen));
  }

  get next(): Status | undefined {
    return this.#seen[0];
  }
}

/** Collects the broadcasts of a channel until `count` have arrived, and compares all of them. */
export class Collector {
  readonly #seen: unknown[] = [];
  readonly #all: Promise<void>;

  constructor(channel: RealtimeChannel, event: string, count: number) {
    this.#all = new Promise((resolve) => {
      channel.on("broadcast", { event }, ({ payload }) => {
        this.#seen.push(payload);
        if (this.#seen.length === count) resolve();
      });
    });
  }

  async expect(wanted: readonly unknown[], timeoutMs: number): Promise<void> {
    await withinTime(timeoutMs, this.#all);
    if (JSON.stringify(this.#seen) !== JSON.stringify(wanted))
      throw new Mismatch(show(wanted), show(this.#seen));
  }
}

/** Resolves with the promise, or when the time is over. */
async function withinTime(ms: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([promise, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
