import type { BrokerObservation } from "../../history/observation.ts";
import type { RunRecord } from "./run-record.ts";
import { CLOCK_TOLERANCE_MS } from "../thresholds.ts";

interface Timeline {
  /** Rising. */
  atMs: number[];
  states: BrokerState[];
}

type BrokerState = BrokerObservation["state"];
/** Of changes at one time, the last one counts. */
const ORDER: Readonly<Record<BrokerState, number>> = { down: 0, limited: 1, up: 2 };

/** What the ledgers and the platform say of the instances: whose evidence is whole, who had a broker when, who ended when. */
export class InstanceFacts {
  readonly #complete = new Set<string>();
  readonly #incomplete = new Set<string>();
  readonly #brokers = new Map<string, Timeline>();
  readonly #ends = new Map<string, number[]>();
  readonly #all: readonly string[];

  constructor(record: RunRecord) {
    this.#all = record.instances.all();
    for (const { instance, state } of record.ledgers) {
      // Several processes of one instance have a ledger each: one bad one is enough to doubt the instance.
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

  /** True when every process of the instance left a ledger that could be read to its end. */
  ledgerComplete(instance: string): boolean {
    return this.#complete.has(instance) && !this.#incomplete.has(instance);
  }

  /** The instances whose evidence is not whole, by name. */
  incompleteLedgers(): string[] {
    return this.#all.filter((instance) => !this.ledgerComplete(instance)).sort();
  }

  /**
   * True when a process of the instance ended within [fromMs, toMs]. A little before it counts too: whoever sees a container end may
   * read another clock than the one that stamps its ledger, and no other process is up that soon.
   */
  endedWithin(instance: string, fromMs: number, toMs: number): boolean {
    const ends = this.#ends.get(instance) ?? [];
    return ends.some((atMs) => atMs >= fromMs - CLOCK_TOLERANCE_MS && atMs <= toMs);
  }

  /** True when the instance had no broker connection at that time: after its `down` and before its next `up`, or before its first `up`. */
  brokerDownAt(instance: string, atMs: number): boolean {
    return this.#stateAt(instance, atMs) === "down";
  }

  /** As `brokerDownAt`, of an instance that had a broker before: one whose ledger tells of none at all is not known to lack it. */
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

  /** True when the instance's broker connection was seen to go within [fromMs, toMs]. */
  brokerLostWithin(instance: string, fromMs: number, toMs: number): boolean {
    let found = false;
    this.#eachChange(instance, (changedMs, state) => {
      if (state === "down" && changedMs >= fromMs && changedMs <= toMs) found = true;
    });
    return found;
  }

  /** True when the broker refused for a limit what the instance sent, at some time within [fromMs, toMs]. */
  brokerLimitedWithin(instance: string, fromMs: number, toMs: number): boolean {
    let found = this.#stateAt(instance, fromMs) === "limited";
    this.#eachChange(instance, (changedMs, state) => {
      if (state === "limited" && changedMs >= fromMs && changedMs <= toMs) found = true;
    });
    return found;
  }

  /** The longest time up to `untilMs` for which the broker refused for a limit what an instance sent. */
  longestLimitMs(untilMs: number): number {
    let longestMs = 0;
    for (const { atMs, states } of this.#brokers.values()) {
      for (const [index, startMs] of atMs.entries()) {
        const endMs = Math.min(atMs[index + 1] ?? Infinity, untilMs);
        // Of a history without an end, one that goes on has no length.
        if (states[index] === "limited" && endMs < Infinity) longestMs = Math.max(longestMs, endMs - startMs);
      }
    }
    return longestMs;
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
