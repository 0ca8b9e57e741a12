import type { EventNumber } from "../service/event-reader.ts";

/** What of the service file an event contradicts. */
export interface Misfit {
  key: string;
  message: string;
}

/**
 * Notices events of one session that contradict the service file in a way that would make figures
 * wrong: numbers that begin again within a connection, and numbers beyond the end.
 */
export class EventFit {
  #connection = 0;
  #epoch = "";
  #sawFirst = false;
  #highest = 0;

  /** @param total events of the run, if known */
  check(
    { epoch, seq }: EventNumber,
    connection: number,
    total: number | undefined,
  ): Misfit | undefined {
    if (connection !== this.#connection || epoch !== this.#epoch) {
      this.#connection = connection;
      this.#epoch = epoch;
      this.#sawFirst = false;
      this.#highest = 0;
    }
    const restarts = seq === 1 && this.#sawFirst && this.#highest > 1;
    this.#sawFirst = this.#sawFirst || seq === 1;
    this.#highest = Math.max(this.#highest, seq);
    if (restarts)
      return {
        key: "events.run",
        message: "numbers begin again within one connection: say what tells the runs apart",
      };
    if (total !== undefined && seq > total)
      return { key: "events.total", message: `event ${seq} of a run of ${total}` };
    return undefined;
  }
}
