import { nowMs } from "../../../../common/clock.ts";
import { limitIn, type RealtimeLimit } from "../../../../common/portable/realtime/limit-texts.ts";
import { TERMINAL_EVENT_TYPES } from "../../contract/events.ts";
import type { DropReason } from "../../contract/ledger.ts";
import { PublisherHealth } from "./publisher-health.ts";
import {
  QueueMeter,
  type PublisherReports,
  type QueuedEvent,
  type RealtimePublisher,
} from "./queued-event.ts";
import { INSTANCES_TOPIC } from "./realtime-connection.ts";
import type { RealtimeTopics, TopicSubscription } from "./realtime-topics.ts";

/** How long after the last event of a run the publisher leaves the session's topic. */
const LEAVE_AFTER_END_MS = 5000;
/** How long without any event until it leaves the topic. */
const LEAVE_AFTER_IDLE_MS = 60_000;
const SWEEP_EVERY_MS = 1000;

const limitOf = (reason: string): RealtimeLimit | undefined => limitIn("publisher", reason);

interface Outbox {
  subscription: TopicSubscription;
  /** Not sent, in order. */
  waiting: QueuedEvent[];
  /** Sent and not confirmed, in order. */
  unconfirmed: Set<QueuedEvent>;
  /** Counts connections, so that a late answer on an old one changes nothing. */
  generation: number;
  lastMs: number;
  ended: boolean;
  /** True while a limit keeps it from its channel. */
  isLimited: boolean;
}

export interface RealtimeSocketPublisherOptions extends PublisherReports {
  topics: RealtimeTopics;
  queueBytes: number;
}

/**
 * Publishes over the instance's one WebSocket, which must join each session's channel. The limits
 * `max_channels_per_client` and `max_joins_per_second` apply to it. The server confirms every
 * message. Messages without a confirmation are sent again after a reconnect, so Realtime can get an
 * event twice. Clients drop duplicates by event id.
 */
export class RealtimeSocketPublisher implements RealtimePublisher {
  readonly settled: Promise<void>;
  readonly #topics: RealtimeTopics;
  readonly #onDrop: PublisherReports["onDrop"];
  readonly #outboxes = new Map<string, Outbox>();
  readonly #sweeps: NodeJS.Timeout;
  readonly #health: PublisherHealth;
  readonly #queue: QueueMeter;
  /** Reports the state of the connection while no session is published to. */
  readonly #connection: TopicSubscription;
  /** What last blocked a session: the reason if the queue is full. */
  #trouble: DropReason = "outage";
  #stopped = false;

  constructor(options: RealtimeSocketPublisherOptions) {
    this.#topics = options.topics;
    this.#onDrop = options.onDrop;
    this.#health = new PublisherHealth(options.onState);
    this.#queue = new QueueMeter(options.queueBytes, options.onQueue);
    this.#sweeps = setInterval(() => this.#sweep(), SWEEP_EVERY_MS);
    this.#sweeps.unref();
    this.#connection = options.topics.subscribe(INSTANCES_TOPIC, {
      onJoined: () => this.#health.reached(),
      onAway: (reason, connected) => this.#blocked(reason, connected, []),
    });
    this.settled = this.#connection.ready();
  }

  send(event: QueuedEvent): void {
    if (this.#stopped || !this.#queue.add(event)) {
      this.#onDrop(event.event, this.#trouble);
      return;
    }
    const outbox = this.#outboxOf(event);
    outbox.waiting.push(event);
    outbox.lastMs = nowMs();
    outbox.ended = TERMINAL_EVENT_TYPES.has(event.event.type);
    if (outbox.isLimited) this.#health.limited([event]);
    this.#flush(outbox);
  }

  async shutdown(): Promise<void> {
    await this.#queue.flushed();
    this.#stopped = true;
    clearInterval(this.#sweeps);
    this.#connection.unsubscribe();
    const reason = this.#health.isLimited ? "quota" : "outage";
    for (const outbox of this.#outboxes.values()) {
      outbox.generation++;
      this.#drop([...outbox.unconfirmed, ...outbox.waiting], reason);
      outbox.subscription.unsubscribe();
    }
    this.#outboxes.clear();
  }

  #outboxOf({ event: { sessionId }, topic }: QueuedEvent): Outbox {
    const known = this.#outboxes.get(sessionId);
    if (known !== undefined) return known;
    const outbox: Outbox = {
      subscription: this.#topics.subscribe(topic, {
        onJoined: () => this.#onJoined(outbox),
        onAway: (reason, connected) => this.#onAway(outbox, reason, connected),
      }),
      waiting: [],
      unconfirmed: new Set(),
      generation: 0,
      lastMs: 0,
      ended: false,
      isLimited: false,
    };
    this.#outboxes.set(sessionId, outbox);
    return outbox;
  }

  #onJoined(outbox: Outbox): void {
    outbox.isLimited = false;
    this.#health.reached();
    this.#flush(outbox);
  }

  #onAway(outbox: Outbox, reason: string, connected: boolean): void {
    outbox.generation++;
    outbox.waiting = [...outbox.unconfirmed, ...outbox.waiting];
    outbox.unconfirmed.clear();
    outbox.isLimited = this.#isLimit(reason);
    this.#blocked(reason, connected, outbox.waiting);
    // Waiting does not lift this limit while the other sessions of the instance go on.
    if (limitOf(reason) !== "channels") return;
    const refused = outbox.waiting;
    outbox.waiting = [];
    this.#drop(refused, "quota");
  }

  #blocked(reason: string, connected: boolean, waiting: readonly QueuedEvent[]): void {
    const byLimit = this.#isLimit(reason);
    this.#trouble = byLimit ? "quota" : "outage";
    if (byLimit) this.#health.limited(waiting);
    if (!connected && !(byLimit && this.#health.isLimited)) this.#health.down(reason);
  }

  #isLimit(reason: string): boolean {
    // After a refusal for joins per second, the server ends the whole connection with 1001.
    return limitOf(reason) !== undefined || (this.#trouble === "quota" && reason.includes("1001"));
  }

  #flush(outbox: Outbox): void {
    if (!outbox.subscription.joined) return;
    const { generation } = outbox;
    const waiting = outbox.waiting;
    outbox.waiting = [];
    for (const event of waiting) {
      outbox.unconfirmed.add(event);
      const payload = { sentMs: event.sentMs, event: event.event };
      void outbox.subscription.send(event.event.type, payload).then((outcome) => {
        if (outbox.generation === generation) this.#settle(outbox, event, outcome);
      });
    }
  }

  #settle(outbox: Outbox, event: QueuedEvent, outcome: string): void {
    outbox.unconfirmed.delete(event);
    // "timed out" on a joined topic: the server takes messages and does not confirm them.
    if (outcome === "ok") this.#remove([event]);
    else this.#drop([event], outcome === "error" ? "refused" : "outage");
  }

  #drop(events: readonly QueuedEvent[], reason: DropReason): void {
    for (const { event } of events) this.#onDrop(event, reason);
    this.#remove(events);
  }

  #remove(events: readonly QueuedEvent[]): void {
    this.#queue.remove(events);
    this.#health.gone(events);
  }

  #sweep(): void {
    for (const [sessionId, outbox] of this.#outboxes) {
      if (outbox.waiting.length + outbox.unconfirmed.size > 0) continue;
      const patienceMs = outbox.ended ? LEAVE_AFTER_END_MS : LEAVE_AFTER_IDLE_MS;
      if (nowMs() - outbox.lastMs < patienceMs) continue;
      outbox.subscription.unsubscribe();
      this.#outboxes.delete(sessionId);
    }
  }
}
