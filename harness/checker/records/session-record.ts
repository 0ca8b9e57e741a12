import type {
  ConnectedObservation,
  ConnectFailedObservation,
  DisconnectedObservation,
  GateObservation,
  ReplayGapObservation,
  PlannedObservation,
  RequestObservation,
} from "../../history/observation.ts";
import { createEpochRecord, type EpochRecord } from "./epoch-record.ts";

/**
 * Contradictory records of one run: counted, not thrown, for the verdict. The example is the
 * smallest sentence, so that it does not depend on the order of records.
 */
export class Contradictions {
  count = 0;
  example = "";

  add(sentence: string): void {
    this.count++;
    if (this.example === "" || sentence < this.example) this.example = sentence;
  }
}

/** Picks one of two records for the same place, independent of their order. */
export const smallerOf = <T>(a: T, b: T): T => (JSON.stringify(a) <= JSON.stringify(b) ? a : b);

/**
 * One confirmed stream of a session, from the instance's subscription to the client's notice of its
 * end.
 */
export interface Connection {
  connection: number;
  /** Undefined if the stream comes from the broker itself. */
  instance: string | undefined;
  /** `ResumeStatus` of the event contract. */
  resume: string;
  subscribedMs: number;
  connectedMs: number;
  /** When the client sent the attempt. Undefined in older histories. */
  attemptMs: number | undefined;
  /** Infinity while it is open. */
  endedMs: number;
  endReason: DisconnectedObservation["reason"] | null;
}

/** True unless the client itself ended the stream. */
export const isCut = ({ endReason }: Connection): boolean =>
  endReason === "ended" || endReason === "error" || endReason === "hint";

/** Everything that the history says of one session, in no particular order. */
export class SessionRecord {
  readonly name: string;
  planned: PlannedObservation | null = null;
  sawTerminal = false;
  readonly epochs = new Map<string, EpochRecord>();
  readonly connected = new Map<number, ConnectedObservation>();
  readonly disconnected = new Map<number, DisconnectedObservation>();
  readonly connectFailed: ConnectFailedObservation[] = [];
  readonly requests: RequestObservation[] = [];
  readonly gates: GateObservation[] = [];
  /** Where the server declared missing events. */
  readonly gaps: ReplayGapObservation[] = [];
  /** Events that belong to no pipeline run, by name. */
  readonly strays = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  epoch(name: string): EpochRecord {
    let record = this.epochs.get(name);
    if (record === undefined) this.epochs.set(name, (record = createEpochRecord(name)));
    return record;
  }

  plan(observation: PlannedObservation, contradictions: Contradictions): void {
    if (this.planned !== null) contradictions.add(`${this.name} is planned twice`);
    this.planned = this.planned === null ? observation : smallerOf(this.planned, observation);
  }

  connect(observation: ConnectedObservation, contradictions: Contradictions): void {
    this.#putOnce(this.connected, observation, "confirmed", contradictions);
  }

  disconnect(observation: DisconnectedObservation, contradictions: Contradictions): void {
    this.#putOnce(this.disconnected, observation, "ended", contradictions);
  }

  /** The session's streams by the time they began. Call it once all records are in. */
  connections(): Connection[] {
    return [...this.connected.values()]
      .map((connected): Connection => {
        const end = this.disconnected.get(connected.connection);
        return {
          connection: connected.connection,
          instance: connected.instance,
          resume: connected.resume,
          subscribedMs: connected.subscribedMs,
          connectedMs: connected.atMs,
          attemptMs: connected.attemptMs,
          endedMs: end?.atMs ?? Infinity,
          endReason: end?.reason ?? null,
        };
      })
      .sort((a, b) => a.subscribedMs - b.subscribedMs || a.connection - b.connection);
  }

  #putOnce<T extends { connection: number }>(
    places: Map<number, T>,
    observation: T,
    what: string,
    contradictions: Contradictions,
  ): void {
    const earlier = places.get(observation.connection);
    if (earlier !== undefined) {
      contradictions.add(`connection ${observation.connection} of ${this.name} was ${what} twice`);
    }
    places.set(
      observation.connection,
      earlier === undefined ? observation : smallerOf(earlier, observation),
    );
  }
}
