import type {
  EventData,
  EventNumber,
  EventReader,
} from "../../load/portable/service/event-reader.ts";
import { readAt } from "../../load/portable/service/json-pointer.ts";
import type { ServiceProtocol } from "../../load/portable/service/service-protocol.ts";
import { EventFit } from "../../load/portable/session/event-fit.ts";
import { dueEvents } from "../../load/portable/session/foreign-events.ts";
import type { Problem } from "../problem.ts";
import { wordsOf } from "./explain-service.ts";
import { pointersOf } from "./answer-problems.ts";

/** A publish time further away than this is on another clock, milliseconds. */
const FAR_AWAY_MS = 3_600_000;
const SAMPLE_LENGTH = 60;

/** Looks at the events of one session, one after the other, until one does not fit. */
export class WatchedEvents {
  readonly #service: ServiceProtocol;
  readonly #reader: EventReader;
  readonly #asked: number;
  readonly #clockMs: () => { monotonic: number; wall: number };
  readonly #fit = new EventFit();
  readonly #names = new Map<string, number>();
  #last: EventNumber | undefined;
  #lastSample = "";
  #total: number | undefined;
  count = 0;
  isOver = false;

  /** @param asked events that the start asked for */
  constructor(
    service: ServiceProtocol,
    reader: EventReader,
    asked: number,
    clockMs: () => { monotonic: number; wall: number },
  ) {
    this.#service = service;
    this.#reader = reader;
    this.#asked = asked;
    this.#clockMs = clockMs;
  }

  /** `message (3), ping (1)`: what has come. */
  get seen(): string {
    const seen = [...this.#names].map(([name, count]) => `${name} (${count})`);
    return seen.length === 0 ? "no event" : seen.join(", ");
  }

  get lastNumber(): number | undefined {
    return this.#last?.seq;
  }

  /** Any event, also noise and those about the stream. */
  notice(name: string, data: EventData): void {
    this.#names.set(name, (this.#names.get(name) ?? 0) + 1);
    this.#lastSample = sample(data);
  }

  /** @param connection 1-based */
  look(
    name: string,
    id: string | undefined,
    data: EventData,
    connection: number,
  ): Problem | undefined {
    this.count++;
    const number = this.#reader.numberOf(id, data, connection);
    const ends = this.#reader.endsRun(name, data);
    if (number === undefined) {
      this.isOver = ends;
      return ends || !this.#reader.hasNumbers
        ? this.#timeProblem(name, data, ends)
        : this.#noNumber(name, id, data);
    }
    const stated = this.#reader.totalOf(data);
    const problem =
      this.#totalProblem(stated) ??
      this.#numberProblem(number, connection) ??
      this.#timeProblem(name, data, false);
    this.#last = number;
    const total = this.#total ?? dueEvents(this.#service, this.#asked);
    this.isOver = ends || (!this.#reader.knowsEnd && number.seq === total);
    return problem ?? (this.isOver ? this.#endProblem(number, total) : undefined);
  }

  #noNumber(name: string, id: string | undefined, data: EventData): Problem {
    const { sequence } = this.#service.event;
    const event = `event "${name}" (${id === undefined ? "" : `id ${id}, `}data ${sample(data)})`;
    const noise = `if it means nothing, add "${name}" to stream.noise`;
    if (sequence?.from === "id") {
      const found = id === undefined ? "has no id" : "has an id that the pattern does not fit";
      return {
        path: ["events", "sequence", "id"],
        message: `${event} ${found}; correct it, or ${noise}`,
      };
    }
    const pointer = sequence?.from === "data" ? sequence.pointer : "";
    const path = ["events", "sequence", "pointer"];
    const value = data.json();
    if (value === undefined) return { path, message: `${event} is no JSON; ${noise}` };
    const found = readAt(value, pointer);
    if (Number.isSafeInteger(found))
      return {
        path: ["events", "sequence"],
        message: `${event} has a number below the first one; add first: ${JSON.stringify(found)}`,
      };
    const has = pointersOf(value).join(", ") || "no fields";
    return { path, message: `${event} has no whole number at ${pointer}; it has ${has}; ${noise}` };
  }

  #numberProblem({ epoch, seq }: EventNumber, connection: number): Problem | undefined {
    const misfit = this.#fit.check({ epoch, seq }, connection, undefined);
    if (misfit !== undefined) return { path: misfit.key.split("."), message: misfit.message };
    const path = ["events", "sequence"];
    const before = this.#last;
    if (before === undefined || before.epoch !== epoch)
      return seq === 1
        ? undefined
        : {
            path,
            message: `the first event that came has number ${this.#asWritten(seq)}; correct first, or the stream opens too late`,
          };
    if (seq === before.seq)
      return {
        path,
        message: `number ${this.#asWritten(seq)} came twice: it counts something else than events`,
      };
    return seq === before.seq + 1
      ? undefined
      : {
          path,
          message: `after number ${this.#asWritten(before.seq)} came ${this.#asWritten(seq)}: it counts something else than events, or events get lost already`,
        };
  }

  /** A number as the service counts. */
  #asWritten(seq: number): number {
    return seq - 1 + (this.#service.event.sequence?.first ?? 1);
  }

  #totalProblem(stated: number | undefined): Problem | undefined {
    const { total } = this.#service.event;
    if (total?.from !== "data") return undefined;
    const path = ["events", "total"];
    if (stated === undefined && this.#total === undefined)
      return {
        path,
        message: `the first event has no whole number at ${total.pointer}; correct the pointer, or remove total`,
      };
    if (this.#total !== undefined && stated !== undefined && stated !== this.#total)
      return {
        path,
        message: `an event says ${stated} where one before said ${this.#total}: it is no total`,
      };
    this.#total = stated ?? this.#total;
    return undefined;
  }

  #timeProblem(name: string, data: EventData, ends: boolean): Problem | undefined {
    const { published } = this.#service.event;
    const statedMs = this.#reader.publishedOf(data);
    if (published === undefined || statedMs === undefined || (ends && Number.isNaN(statedMs)))
      return undefined;
    const path = ["events", "published"];
    if (Number.isNaN(statedMs))
      return {
        path,
        message: `event "${name}" has no ${published.clock} time at ${published.pointer}; correct pointer or clock, or remove it`,
      };
    const { monotonic, wall } = this.#clockMs();
    const offMs = statedMs - (published.clock === "monotonic" ? monotonic : wall);
    return Math.abs(offMs) < FAR_AWAY_MS
      ? undefined
      : {
          path: [...path, "clock"],
          message: `event "${name}" was published ${Math.round(Math.abs(offMs) / 3_600_000)} h ${offMs < 0 ? "ago" : "from now"}: give another clock, or set the service's`,
        };
  }

  #endProblem({ seq }: EventNumber, total: number | undefined): Problem | undefined {
    return total === undefined || total === seq
      ? undefined
      : {
          path: ["events", "total"],
          message: `the run ended with event ${seq}, though it has ${total}; correct total, or terminal`,
        };
  }

  /** No terminal event came. @param why nothing more is coming */
  noEnd(why: string): Problem {
    const { terminal, error } = this.#service.event;
    const wanted = [...wordsOf(terminal), ...wordsOf(error)].join(", ") || "the last number";
    return {
      path: ["events", "terminal"],
      message: `${why} without ${wanted}; seen: ${this.seen}, the last with data ${this.#lastSample}`,
    };
  }
}

const sample = (data: EventData): string => {
  const text = data.text().replaceAll("\n", " ");
  return text.length > SAMPLE_LENGTH ? `${text.slice(0, SAMPLE_LENGTH)}...` : text;
};
