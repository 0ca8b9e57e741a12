import type { BrokerObservation } from "../../history/observation.ts";
import type { RunRecord } from "./run-record.ts";
import { CLOCK_TOLERANCE_MS } from "../thresholds.ts";

interface Timeline {
  /** Rising. */
  atMs: number[];
  states: BrokerState[];
}

type BrokerState = BrokerObservation["state"];
/** If changes share a time, the highest counts. */
const ORDER: Readonly<Record<BrokerState, number>> = { down: 0, limited: 1, up: 2 };

/**
 * What ledgers and platform show about instances: complete ledgers, broker connections over time,
 * ends.
 */
export class InstanceFacts {
  readonly #complete = new Set<string>();
  readonly #incomplete = new Set<string>();
  readonly #brokers = new Map<string, Timeline>();
  readonly #ends = new Map<string, number[]>();
  readonly #all: readonly string[];

  constructor(record: RunRecord) {
    this.#all = record.instances.all();
    for (const { instance, state } of record.ledgers) {
      // Several processes of one instance have a ledger each: one bad one is enough to doubt the
      // instance.
      (state === "read" ? this.#complete : this.#incomplete).add(instance);
    }
    for (const { instance, state, atMs } of record.instanceStates) {
      if (state !== "stopped" && state !== "killed") continue;
      const ends = this.#ends.get(instance) ?? [];
      ends.push(atMs);
      this.#ends.set(instance, ends);
    }
    const changes = [
      ...record.brokers,
      // A killed process writes no `down`, but its broker connection is gone with it.
      ...[...this.#ends].flatMap(([instance, ends]) =>
        ends.map((atMs) => ({ instance, state: "down", atMs }) as const),
      ),
    ].sort((a, b) => a.atMs - b.atMs || ORDER[a.state] - ORDER[b.state]);
    for (const { instance, state, atMs } of changes) {
      const timeline = this.#brokers.get(instance) ?? { atMs: [], states: [] };
      timeline.atMs.push(atMs);
      timeline.states.push(state);
      this.#brokers.set(instance, timeline);
    }
  }

  /** True if every process of the instance left a complete ledger. */
  ledgerComplete(instance: string): boolean {
    return this.#complete.has(instance) && !this.#incomplete.has(instance);
  }

  /** The instances with incomplete ledgers, by name. */
  incompleteLedgers(): string[] {
    return this.#all.filter((instance) => !this.ledgerComplete(instance)).sort();
  }

  /**
   * True if a process of the instance ended within [fromMs, toMs], or up to the clock tolerance
   * earlier: the end and the ledger may have different clocks.
   */
  endedWithin(instance: string, fromMs: number, toMs: number): boolean {
    const ends = this.#ends.get(instance) ?? [];
    return ends.some((atMs) => atMs >= fromMs - CLOCK_TOLERANCE_MS && atMs <= toMs);
  }

  /** True if the instance had no broker connection at that time (as before its first `up`). */
  brokerDownAt(instance: string, atMs: number): boolean {
    return this.#stateAt(instance, atMs) === "down";
  }

  /**
   * Since when the instance had no broker connection at that time, by its ledger. Null if it had
   * one, never had one, or lost it by its end.
   */
  brokerLostSince(instance: string, atMs: number): number | null {
    let sinceMs: number | null = null;
    this.#eachChange(instance, (changedMs, state) => {
      if (changedMs > atMs) return;
      if (state !== "down") sinceMs = null;
      else if (!this.#ended(instance, changedMs)) sinceMs = sinceMs ?? changedMs;
    });
    return sinceMs;
  }

  /** When a process of the instance first ended within [fromMs, toMs]. Undefined if none did. */
  firstEndWithin(instance: string, fromMs: number, toMs: number): number | undefined {
    const ends = (this.#ends.get(instance) ?? []).filter((atMs) => atMs >= fromMs && atMs <= toMs);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /** As `brokerDownAt`, but only if the instance had a broker connection before. */
  brokerAwayAt(instance: string, atMs: number): boolean {
    return this.brokerUpBefore(instance, atMs) && this.brokerDownAt(instance, atMs);
  }

  brokerUpBefore(instance: string, atMs: number): boolean {
    let found = false;
    this.#eachChange(instance, (changedMs, state) => {
      if (state !== "down" && changedMs < atMs) found = true;
    });
    return found;
  }

  /** True if the instance lost its broker connection, but not by its end, within [fromMs, toMs]. */
  brokerLostWithin(instance: string, fromMs: number, toMs: number): boolean {
    let found = false;
    this.#eachChange(instance, (changedMs, state) => {
      if (state !== "down" || this.#ended(instance, changedMs)) return;
      if (changedMs >= fromMs && changedMs <= toMs) found = true;
    });
    return found;
  }

  /** True if a limit of the broker refused the instance's messages within [fromMs, toMs]. */
  brokerLimitedWithin(instance: string, fromMs: number, toMs: number): boolean {
    let found = this.#stateAt(instance, fromMs) === "limited";
    this.#eachChange(instance, (changedMs, state) => {
      if (state === "limited" && changedMs >= fromMs && changedMs <= toMs) found = true;
    });
    return found;
  }

  /** The longest time up to `untilMs` for which a limit refused an instance's messages. */
  longestLimitMs(untilMs: number): number {
    let longestMs = 0;
    for (const { atMs, states } of this.#brokers.values()) {
      for (const [index, startMs] of atMs.entries()) {
        const endMs = Math.min(atMs[index + 1] ?? Infinity, untilMs);
        // Without an end of the history, an ongoing limit has no length.
        if (states[index] === "limited" && endMs < Infinity)
          longestMs = Math.max(longestMs, endMs - startMs);
      }
    }
    return longestMs;
  }

  #ended(instance: string, atMs: number): boolean {
    return this.#ends.get(instance)?.includes(atMs) === true;
  }

  #stateAt(instance: string, atMs: number): BrokerState {
    let last: BrokerState = "down";
    this.#eachChange(instance, (changedMs, state) => {
      if (changedMs <= atMs) last = state;
    });
    return last;
  }

  #eachChange(instance: string, visit: (atMs: number, state: BrokerState) => void): void {
    const timeline = this.#brokers.get(instance);
    timeline?.atMs.forEach((atMs, index) => visit(atMs, timeline.states[index] ?? "down"));
  }
}
