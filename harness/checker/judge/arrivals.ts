import { joinPairs, publishedMsOf, type EpochRecord } from "../records/epoch-record.ts";
import { valueAt } from "../records/numeric-column.ts";
import type { RunContext } from "../records/run-context.ts";
import { CLOCK_TOLERANCE_MS } from "../thresholds.ts";
import type { Counts, MissedPlace } from "./counts.ts";
import type { SessionFacts } from "./session-facts.ts";
import type { OnPair } from "./judged-pair.ts";
import { countReordered, isUnderLoad } from "./epoch-facts.ts";
import { outcomeOfReceived, type Outcome } from "./outcome.ts";

/**
 * Judges one epoch by what arrived, for a service without a ledger. A due event that never arrived
 * is `missed`: nothing tells whether it was lost or never published. Events without numbers give no
 * pairs.
 */
export class ArrivalsJudge {
  readonly #facts: SessionFacts;
  readonly #epoch: EpochRecord;
  /** The numbers from 1 to this one are due. */
  readonly #due: number;
  readonly #context: RunContext;
  readonly #counts: Counts;
  readonly #onPair: OnPair | undefined;
  readonly #highest: number;
  readonly #deliveredAtMs: number[] = [];
  /** The numbers of the series of missed events that is being read. */
  #series: number[] = [];
  #missed = 0;

  /** @param plannedEvents what the plan asks of this epoch; null if only the service knows it */
  constructor(
    facts: SessionFacts,
    epoch: EpochRecord,
    plannedEvents: number | null,
    context: RunContext,
    counts: Counts,
    onPair?: OnPair,
  ) {
    this.#facts = facts;
    this.#epoch = epoch;
    this.#context = context;
    this.#counts = counts;
    this.#onPair = onPair;
    this.#highest = epoch.received.seq.reduce((most, seq) => Math.max(most, seq), 0);
    this.#due = plannedEvents ?? Math.max(this.#highest, epoch.statedTotal);
  }

  /** @returns how many of the due pairs did not arrive. */
  judge(): number {
    this.#checkReceipts();
    if (this.#context.withoutLedger?.sequence === false) return 0;
    let before: number | undefined;
    joinPairs(this.#epoch, this.#due, (seq, _published, receipt, receipts, onStream) => {
      if (receipt === -1) {
        this.#miss(seq);
        return;
      }
      if (receipts > 1) this.#counts.duplicated += receipts - 1;
      this.#counts.duplicatedOnStream += onStream;
      this.#endSeries(before, receipt);
      before = receipt;
      if (seq >= 1 && seq <= this.#due) this.#settle(seq, this.#arrive(receipt));
      else this.#counts.unconfirmed++;
    });
    this.#endSeries(before, undefined);
    this.#counts.reordered += countReordered(this.#deliveredAtMs);
    return this.#missed;
  }

  #checkReceipts(): void {
    const { received } = this.#epoch;
    for (const [index, atMs] of received.atMs.entries()) {
      if (isUnderLoad(atMs, this.#context)) this.#counts.publishedUnderLoad++;
      const connection = valueAt(received.connection, index);
      if (this.#facts.byNumber.has(connection)) continue;
      const { name } = this.#facts.session;
      this.#counts.contradictions.add(
        `${name} received on its connection ${connection}, which was never confirmed`,
      );
    }
  }

  /**
   * An event that states its publish time is recovered by the same rule as with a ledger, within
   * the error of that time. Without one, a replay cannot be told from a late delivery.
   */
  #arrive(receipt: number): "delivered" | "recovered" {
    const { received } = this.#epoch;
    const receivedMs = valueAt(received.atMs, receipt);
    const { publishClockErrorMs: errorMs, measuredMs } = this.#context;
    const statedMs = publishedMsOf(this.#epoch, receipt);
    if (statedMs === null || errorMs === null) {
      this.#deliveredAtMs.push(receivedMs);
      return "delivered";
    }
    const earlyMs = statedMs - receivedMs;
    if (earlyMs > CLOCK_TOLERANCE_MS + errorMs) {
      const { receivedEarly } = this.#counts;
      receivedEarly.count++;
      receivedEarly.worstMs = Math.max(receivedEarly.worstMs, earlyMs);
    }
    const connection = this.#facts.byNumber.get(valueAt(received.connection, receipt));
    const outcome = outcomeOfReceived(statedMs + errorMs, connection, null);
    if (outcome === "recovered") {
      this.#counts.recoveredDelay.record(receivedMs - statedMs);
      return outcome;
    }
    this.#deliveredAtMs.push(receivedMs);
    if (statedMs >= (measuredMs ?? -Infinity)) {
      this.#counts.latency.record(receivedMs - statedMs);
      this.#counts.delivery.record(receivedMs - statedMs);
    }
    return outcome;
  }

  #miss(seq: number): void {
    if (seq > this.#highest && this.#isUndecided()) this.#settle(seq, "indeterminate");
    else this.#series.push(seq);
  }

  /** True if later events could still come when the observation ended. */
  #isUndecided(): boolean {
    if (this.#facts.stillReceiving) return true;
    const isOwed = this.#context.canReplay && this.#facts.mayComeBack;
    if (isOwed) this.#counts.indeterminateBy.owed++;
    return isOwed;
  }

  /** @param before, after the receipts around the series, as far as there are any */
  #endSeries(before: number | undefined, after: number | undefined): void {
    const count = this.#series.length;
    if (count === 0) return;
    const { name } = this.#facts.session;
    const { missedIn, missedSeries } = this.#counts;
    this.#missed += count;
    missedIn[this.#placeOf(before, after)] += count;
    const atMs = (receipt: number | undefined): number | null =>
      receipt === undefined ? null : valueAt(this.#epoch.received.atMs, receipt);
    const series = { beforeMs: atMs(before), afterMs: atMs(after), count };
    missedSeries.set(name, [...(missedSeries.get(name) ?? []), series]);
    for (const seq of this.#series) this.#settle(seq, "missed");
    this.#series = [];
  }

  #placeOf(before: number | undefined, after: number | undefined): MissedPlace {
    const { all } = this.#facts.streams;
    if (after === undefined) {
      if (before !== undefined) return "after-last";
      return all.length === 0 ? "never-connected" : "nothing-arrived";
    }
    const { connection } = this.#epoch.received;
    const from = before === undefined ? all[0]?.connection : valueAt(connection, before);
    return valueAt(connection, after) === from ? "on-a-stream" : "at-a-reconnect";
  }

  #settle(seq: number, outcome: Outcome): void {
    const { name: session } = this.#facts.session;
    this.#counts.due++;
    this.#counts.planned++;
    this.#counts.outcomes[outcome]++;
    this.#onPair?.({
      session,
      epoch: this.#epoch.epoch,
      seq,
      planned: true,
      outcome,
      cause: null,
      publishedMs: null,
      receivedMs: null,
    });
  }
}
