import type {
  ConnectedObservation,
  ConnectFailedObservation,
  DisconnectedObservation,
} from "../../../history/observation.ts";

type StreamObservation = ConnectedObservation | DisconnectedObservation | ConnectFailedObservation;
type Reported<O> = Omit<O, "type" | "session" | "connection">;

/** Where it writes, and live figures; all but `up` only grow. */
export interface StreamLog {
  readonly recorder: { record(observation: StreamObservation): void };
  readonly counters: { up: number; reconnects: number };
}

/** Writes the ups and downs of one session's stream into the history, and counts them. */
export class StreamRecord {
  readonly #log: StreamLog;
  readonly #session: string;
  #connection = 1;
  #isUp = false;
  #attemptMs: number | undefined;

  constructor(log: StreamLog, session: string) {
    this.#log = log;
    this.#session = session;
  }

  /**
   * Number of the connection that is, or would be, established; failed attempts do not count up.
   */
  get connection(): number {
    return this.#connection;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** An attempt to open the stream is sent. */
  attempting(atMs: number): void {
    this.#attemptMs = atMs;
  }

  up(): void {
    this.#isUp = true;
    this.#log.counters.up++;
    if (this.#connection > 1) this.#log.counters.reconnects++;
  }

  /** May be written later than {@link up}, when more is known; before the connection's end. */
  connected(reported: Reported<ConnectedObservation>): void {
    this.#write({ type: "connected", ...this.#head(), ...this.#attempt(), ...reported });
  }

  disconnected(reported: Reported<DisconnectedObservation>): void {
    this.#isUp = false;
    this.#log.counters.up--;
    this.#write({ type: "disconnected", ...this.#head(), ...reported });
    this.#connection++;
  }

  failed(reported: Reported<ConnectFailedObservation>): void {
    this.#write({ type: "connect-failed", ...this.#head(), ...this.#attempt(), ...reported });
  }

  #head(): { session: string; connection: number } {
    return { session: this.#session, connection: this.#connection };
  }

  /** Of a client that hides its later attempts, only the first is known. */
  #attempt(): { attemptMs?: number } {
    const attemptMs = this.#attemptMs;
    this.#attemptMs = undefined;
    return attemptMs === undefined ? {} : { attemptMs };
  }

  #write(observation: StreamObservation): void {
    this.#log.recorder.record(observation);
  }
}
