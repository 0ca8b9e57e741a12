import type { ReceivedObservation } from "../../../history/observation.ts";
import type { LoadPlan } from "../load-plan.ts";
import type { SessionSchedule } from "../load-schedule.ts";
import {
  ONLY_RUN,
  type EventData,
  type EventNumber,
  type EventReader,
} from "../service/event-reader.ts";
import { EventFit, type Misfit } from "./event-fit.ts";

/** An event that the stream handed on. */
export interface StreamedEvent {
  name: string;
  /** Undefined: it has none. */
  number: EventNumber | undefined;
  /** It is the last one of its run. */
  ends: boolean;
  data: EventData;
  connection: number;
  atMs: number;
}

export interface ForeignEventsOwner {
  recordReceived(event: Omit<ReceivedObservation, "type">): void;
  recordTerminal(connection: number, atMs: number): void;
  recordMisfit(misfit: Misfit, atMs: number): void;
}

/**
 * The events of one session whose service keeps no ledger: what its events say of themselves is all
 * that is known.
 */
export class ForeignEvents {
  readonly #reader: EventReader;
  readonly #owner: ForeignEventsOwner;
  readonly #session: string;
  readonly #wallOffsetMs: number;
  readonly #fit = new EventFit();
  /** Undefined if only the events can tell. */
  readonly #dueTotal: number | undefined;
  #statedTotal: number | undefined;
  #totalEpoch = "";
  #arrivals = 0;
  #hasMisfit = false;

  /** @param wallOffsetMs what to add to the service's wall clock to get the engine's clock */
  constructor(
    { service }: LoadPlan,
    { session, events }: SessionSchedule,
    reader: EventReader,
    wallOffsetMs: number,
    owner: ForeignEventsOwner,
  ) {
    this.#reader = reader;
    this.#owner = owner;
    this.#session = session;
    this.#wallOffsetMs = wallOffsetMs;
    this.#dueTotal = dueEvents(service, events);
  }

  /** @returns true if the session's work is over */
  onEvent({ name, number, ends, data, connection, atMs }: StreamedEvent): boolean {
    const { hasNumbers, knowsEnd } = this.#reader;
    if (number === undefined && ends) {
      this.#owner.recordTerminal(connection, atMs);
      return true;
    }
    if (number === undefined && hasNumbers) {
      const message = `event "${name}" has no number there: correct it, or add "${name}" to stream.noise`;
      this.#misfit({ key: "events.sequence", message }, atMs);
      return false;
    }
    const { epoch, seq } = number ?? { epoch: ONLY_RUN, seq: ++this.#arrivals };
    const stated = hasNumbers ? this.#reader.totalOf(data) : undefined;
    const total = stated ?? this.#dueTotal ?? this.#statedTotal;
    const misfit = hasNumbers ? this.#fit.check({ epoch, seq }, connection, total) : undefined;
    if (misfit !== undefined) this.#misfit(misfit, atMs);
    const terminal = ends || (!knowsEnd && total === seq);
    const publishedMs = this.#publishedMs(data, atMs);
    this.#owner.recordReceived({
      session: this.#session,
      connection,
      epoch,
      seq,
      ...(terminal && { terminal }),
      ...(publishedMs !== undefined && { publishedMs }),
      ...this.#newTotal(epoch, stated),
      atMs,
    });
    return terminal;
  }

  /** On the first event of a run that states it. */
  #newTotal(epoch: string, total: number | undefined): { total?: number } {
    if (total === undefined || epoch === this.#totalEpoch) return {};
    this.#totalEpoch = epoch;
    this.#statedTotal = total;
    return { total };
  }

  /** On the engine's clock. */
  #publishedMs(data: EventData, atMs: number): number | undefined {
    const statedMs = this.#reader.publishedOf(data);
    if (statedMs === undefined) return undefined;
    if (!Number.isNaN(statedMs))
      return this.#reader.publishClock === "monotonic" ? statedMs : statedMs + this.#wallOffsetMs;
    this.#misfit({ key: "events.published", message: "an event has no time there" }, atMs);
    return undefined;
  }

  /** The first one says enough. */
  #misfit(misfit: Misfit, atMs: number): void {
    if (this.#hasMisfit) return;
    this.#hasMisfit = true;
    this.#owner.recordMisfit(misfit, atMs);
  }
}

/** How many events a run has by the plan or by the service file. Undefined: neither says. */
export const dueEvents = (
  { event: { total } }: LoadPlan["service"],
  planned: number,
): number | undefined =>
  total?.from === "plan" ? planned : total?.from === "file" ? total.events : undefined;
