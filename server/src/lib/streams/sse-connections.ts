import { RECONNECT_EVENT, type ReconnectHint } from "../../contract/events.ts";
import type { SessionClaims } from "../http/session-token.ts";
import type { Metrics } from "../metrics.ts";
import type { SseStream } from "./sse-stream.ts";

/** How often streams are compared with the end of their token. */
const EXPIRY_CHECK_MS = 1000;

export interface SseConnectionsOptions {
  /** 0: no heartbeats. */
  heartbeatMs: number;
  /** The wait that a client is asked for when its token ends. */
  retryMs: number;
  metrics: Metrics;
}

/** All open streams of this instance: sends their heartbeats, and closes them when it is time. */
export class SseConnections {
  readonly #streams = new Map<SseStream, SessionClaims>();
  readonly #bySession = new Map<string, number>();
  readonly #metrics: Metrics;
  readonly #timers: NodeJS.Timeout[];

  constructor({ heartbeatMs, retryMs, metrics }: SseConnectionsOptions) {
    this.#metrics = metrics;
    const heartbeat = (): void => {
      for (const stream of this.#streams.keys()) stream.heartbeat();
    };
    const expiry = (): void => {
      for (const [stream, { expiresAt }] of this.#streams)
        if (expiresAt <= Date.now()) stream.close(reconnectMessage("expired", retryMs));
    };
    this.#timers = [
      setInterval(expiry, EXPIRY_CHECK_MS),
      ...(heartbeatMs > 0 ? [setInterval(heartbeat, heartbeatMs)] : []),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  get size(): number {
    return this.#streams.size;
  }

  sizeOf(sessionId: string): number {
    return this.#bySession.get(sessionId) ?? 0;
  }

  /** @param session whose token opened the stream */
  add(stream: SseStream, session: SessionClaims): void {
    this.#streams.set(stream, session);
    this.#bySession.set(session.sessionId, this.sizeOf(session.sessionId) + 1);
    this.#metrics.streamsOpen.set(this.#streams.size);
  }

  remove(stream: SseStream): void {
    const session = this.#streams.get(stream);
    if (session === undefined) return;
    this.#streams.delete(stream);
    const left = this.sizeOf(session.sessionId) - 1;
    if (left > 0) this.#bySession.set(session.sessionId, left);
    else this.#bySession.delete(session.sessionId);
    this.#metrics.streamsOpen.set(this.#streams.size);
  }

  /**
   * Asks every client to reconnect and ends its stream, evenly over `spreadMs`, so that the other
   * instances see a ramp and not a spike. Each client gets its own wait of 0.5 to 1.5 times
   * `retryMs`.
   */
  async closeAll(options: { spreadMs: number; retryMs: number }): Promise<void> {
    const streams = [...this.#streams.keys()];
    const closings = streams.map(async (stream, index) => {
      const delayMs = (options.spreadMs * index) / streams.length;
      if (delayMs >= 1) await new Promise((resolve) => setTimeout(resolve, delayMs));
      stream.close(
        reconnectMessage("draining", Math.round(options.retryMs * (0.5 + Math.random()))),
      );
    });
    await Promise.all(closings);
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const stream of this.#streams.keys()) stream.destroy();
  }
}

function reconnectMessage(reason: ReconnectHint["reason"], retryMs: number): string {
  const hint: ReconnectHint = { reason, retryMs };
  return `event: ${RECONNECT_EVENT}\nretry: ${retryMs}\ndata: ${JSON.stringify(hint)}\n\n`;
}
