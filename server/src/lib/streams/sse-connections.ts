import { RECONNECT_EVENT, type ReconnectHint } from "../../contract/events.ts";
import type { Metrics } from "../metrics.ts";
import type { SseStream } from "./sse-stream.ts";

/** All open streams of this instance: sends their heartbeats, and closes them during a drain. */
export class SseConnections {
  readonly #streams = new Set<SseStream>();
  readonly #metrics: Metrics;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(options: { heartbeatMs: number; metrics: Metrics }) {
    this.#metrics = options.metrics;
    this.#heartbeat = setInterval(() => {
      for (const stream of this.#streams) stream.heartbeat();
    }, options.heartbeatMs);
    this.#heartbeat.unref();
  }

  get size(): number {
    return this.#streams.size;
  }

  add(stream: SseStream): void {
    this.#streams.add(stream);
    this.#metrics.streamsOpen.set(this.#streams.size);
  }

  remove(stream: SseStream): void {
    this.#streams.delete(stream);
    this.#metrics.streamsOpen.set(this.#streams.size);
  }

  /**
   * Asks every client to reconnect and ends its stream, evenly over `spreadMs`, so that the other
   * instances see a ramp and not a spike. Each client gets its own wait of 0.5 to 1.5 times
   * `retryMs`.
   */
  async closeAll(options: { spreadMs: number; retryMs: number }): Promise<void> {
    const streams = [...this.#streams];
    const closings = streams.map(async (stream, index) => {
      const delayMs = (options.spreadMs * index) / streams.length;
      if (delayMs >= 1) await new Promise((resolve) => setTimeout(resolve, delayMs));
      stream.close(reconnectMessage(Math.round(options.retryMs * (0.5 + Math.random()))));
    });
    await Promise.all(closings);
  }

  stop(): void {
    clearInterval(this.#heartbeat);
    for (const stream of this.#streams) stream.destroy();
  }
}

function reconnectMessage(retryMs: number): string {
  const hint: ReconnectHint = { reason: "draining", retryMs };
  return `event: ${RECONNECT_EVENT}\nretry: ${retryMs}\ndata: ${JSON.stringify(hint)}\n\n`;
}
