import { outcomeOfReceived } from "../../../harness/checker/judge/outcome.ts";
import type {
  ConnectedObservation,
  DisconnectedObservation,
  ReceivedObservation,
} from "../../../harness/history/observation.ts";
import type { PipelineSSEEvent } from "../../../server/src/contract/events.ts";
import { instanceClock } from "./clock.ts";
import { METRICS } from "./metrics.ts";

/**
 * What k6 can know of a session's stream at once: it stamps a sample when it is added, so
 * dashboards show a bounce as it happens, and `abortOnFail` works.
 */
export class LiveMetrics {
  #stream: ConnectedObservation | undefined;
  #endedMs: number | undefined;
  #received: Pick<ReceivedObservation, "atMs" | "sentMs"> | undefined;
  /** Ids of events that arrived. */
  readonly #seen = new Set<string>();

  connected(stream: ConnectedObservation): void {
    this.#stream = stream;
    METRICS.streamsOpened.add(1, this.#tags);
    if (this.#endedMs === undefined) return;
    METRICS.reconnects.add(1, this.#tags);
    METRICS.downtime.add(Math.max(0, stream.atMs - this.#endedMs), this.#tags);
  }

  disconnected({ reason, atMs }: DisconnectedObservation): void {
    METRICS.streamsEnded.add(1, { ...this.#tags, reason });
    this.#endedMs = atMs;
  }

  received(received: ReceivedObservation): void {
    this.#received = received;
    METRICS.received.add(1, this.#tags);
  }

  /** What the event that was received last says of itself: its latency counts once, and live. */
  published({ epoch, seq, intendedMs, publishedMs }: PipelineSSEEvent): void {
    const offsetMs = instanceClock.bounds?.offsetMs;
    const [stream, received] = [this.#stream, this.#received];
    const id = `${epoch}-${seq}`;
    if (this.#seen.has(id) || offsetMs === undefined || !stream || !received) return;
    this.#seen.add(id);
    // Where the broker itself confirms a subscription, its time is on this process's clock.
    const subscribedMs = stream.subscribedMs + (stream.instance === undefined ? offsetMs : 0);
    const { resume } = stream;
    const sentMs = received.sentMs ?? null;
    if (outcomeOfReceived(publishedMs, { resume, subscribedMs }, sentMs) === "delivered")
      METRICS.latency.add(Math.max(0, received.atMs + offsetMs - intendedMs), this.#tags);
  }

  get #tags(): { instance: string } {
    return { instance: this.#stream?.instance ?? "none" };
  }
}
