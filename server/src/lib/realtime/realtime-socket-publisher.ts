import { limitIn, type RealtimeLimit } from "../../../../common/portable/realtime/limit-texts.ts";
import type { DropReason } from "../../contract/ledger.ts";
import { TERMINAL_EVENT_TYPES } from "../../contract/events.ts";
import { withTimeout } from "../../../../common/with-timeout.ts";
import { nowMs } from "../../../../common/clock.ts";
import type { QueuedEvent, PublisherReports, RealtimePublisher } from "./queued-event.ts";
import { PublisherHealth } from "./publisher-health.ts";
import { FLUSH_MS } from "./realtime-http-publisher.ts";
import { INSTANCES_TOPIC } from "./realtime-connection.ts";
import type { RealtimeTopics, TopicSubscription } from "./realtime-topics.ts";

/** A session's topic is left this long after the last event of its run, and after this long without any. */
const LEAVE_AFTER_END_MS = 5000;
const LEAVE_AFTER_IDLE_MS = 60_000;
const SWEEP_EVERY_MS = 1000;

const limitOf = (reason: string): RealtimeLimit | undefined => limitIn("publisher", reason);

interface Outbox {
  subscription: TopicSubscription;
  /** Not sent, in order. */
  waiting: QueuedEvent[];
  /** Sent and not confirmed, in order. */
  unconfirmed: Set<QueuedEvent>;
  /** Counts connections, so that a late answer of an old one changes nothing. */
  generation: number;
  lastMs: number;
  ended: boolean;
  /** A limit keeps it from its channel. */
  isLimited: boolean;
}

export interface RealtimeSocketPublisherOptions extends PublisherReports {
  topics: RealtimeTopics;
  queueBytes: number;
}

/**
 * Publishes by the instance's one WebSocket, which has to join each session's channel for it: `max_channels_per_client` and
 * `max_joins_per_second` are its limits. Every message is confirmed by the server; what was not when the connection went is sent again, so
 * Realtime may get an event twice: clients drop what they know by its id.
 */
export class RealtimeSocketPublisher implements RealtimePublisher {
  readonly settled: Promise<void>;
  readonly #options: RealtimeSocketPublisherOptions;
  readonly #outboxes = new Map<string, Outbox>();
  readonly #sweeps: NodeJS.Timeout;
  readonly #health: PublisherHealth;
  /** Tells of the connection while no session is published to. */
  readonly #connection: TopicSubscription;
  #events = 0;
  #bytes = 0;
  /** What was last in the way of a session: why the queue is full when it is. */
  #trouble: DropReason = "outage";
  #stopped = false;
  #whenEmpty: (() => void) | undefined;

  constructor(options: RealtimeSocketPublisherOptions) {
    this.#options = options;
    this.#health = new PublisherHealth(options.onState);
    this.#sweeps = setInterval(() => this.#sweep(), SWEEP_EVERY_MS);
    this.#sweeps.unref();
    this.#connection = options.topics.subscribe(INSTANCES_TOPIC, {
      onJoined: () => this.#health.reached(),
      onAway: (reason, connected) => this.#inTheWay(reason, connected, []),
    });
    this.settled = this.#connection.ready();
  }

  send(event: QueuedEvent): void {
    if (this.#stopped || this.#bytes + event.bytes > this.#options.queueBytes) {
      this.#options.onDrop(event.event, this.#trouble);
      return;
    }
    this.#count(1, event.bytes);
    const outbox = this.#outboxOf(event);
    outbox.waiting.push(event);
    outbox.lastMs = nowMs();
    outbox.ended = TERMINAL_EVENT_TYPES.has(event.event.type);
    if (outbox.isLimited) this.#health.limited([event]);
    this.#flush(outbox);
  }

  async shutdown(): Promise<void> {
    if (this.#events > 0)
      await withTimeout(FLUSH_MS, new Promise<void>((resolve) => (this.#whenEmpty = resolve)));
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
      subscription: this.#options.topics.subscribe(topic, {
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
    this.#inTheWay(reason, connected, outbox.waiting);
    // Waiting does not lift this limit while the instance's other sessions go on.
    if (limitOf(reason) !== "channels") return;
    const refused = outbox.waiting;
    outbox.waiting = [];
    this.#drop(refused, "quota");
  }

  #inTheWay(reason: string, connected: boolean, waiting: readonly QueuedEvent[]): void {
    const byLimit = this.#isLimit(reason);
    this.#trouble = byLimit ? "quota" : "outage";
    if (byLimit) this.#health.limited(waiting);
    if (!connected && !(byLimit && this.#health.isLimited)) this.#health.down(reason);
  }

  #isLimit(reason: string): boolean {
    // A refusal for joins per second is followed by the end of the whole connection, with 1001.
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
    // Joined and yet no answer: a server that takes messages and does not say so.
    if (outcome === "ok") this.#remove(event);
    else this.#drop([event], outcome === "error" ? "refused" : "outage");
  }

  #drop(events: readonly QueuedEvent[], reason: DropReason): void {
    for (const event of events) {
      this.#options.onDrop(event.event, reason);
      this.#remove(event);
    }
  }

  #remove(event: QueuedEvent): void {
    this.#count(-1, -event.bytes);
    this.#health.gone([event]);
  }

  #count(events: number, bytes: number): void {
    this.#events += events;
    this.#bytes += bytes;
    this.#options.onQueue(this.#events, this.#bytes);
    if (this.#events === 0) this.#whenEmpty?.();
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
