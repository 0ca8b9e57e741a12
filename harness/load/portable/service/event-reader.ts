import { tokensOf, valueAt, type Tokens } from "./json-pointer.ts";
import type {
  EventMatch,
  EventProtocol,
  PublishClock,
  ServiceProtocol,
} from "./service-protocol.ts";

/** An event's data, decoded only where it is asked for. Valid while the event is handled. */
export interface EventData {
  text(): string;
  /** Undefined if the data is no JSON. */
  json(): unknown;
}

/** `event`: neither noise nor about the stream itself. */
export type EventKind = "confirmed" | "hint" | "gap" | "noise" | "event";

/** An event's place in its run. Numbers count from 1. */
export interface EventNumber {
  epoch: string;
  seq: number;
}

/** Names a run where the service file names none. */
export const ONLY_RUN = "run";

const ONLY_DIGITS = /^[0-9]+$/;

/** What the events of a service mean. One for all sessions. */
export class EventReader {
  readonly #kinds = new Map<string, EventKind>();
  readonly #event: EventProtocol;
  readonly #end: Matcher;
  /** Names of events, or undefined where the service has none. */
  readonly gapName: string | undefined;
  readonly gateName: string | undefined;
  readonly #readNumber: (
    id: string | undefined,
    data: EventData,
    connection: number,
  ) => EventNumber | undefined;
  readonly #total: Tokens | undefined;
  readonly #published: Tokens | undefined;

  constructor({ stream, gate, event }: ServiceProtocol) {
    const { confirmed, hint, gap, noise } = stream;
    if (confirmed.by === "event") this.#kinds.set(confirmed.name, "confirmed");
    if (hint !== undefined) this.#kinds.set(hint.name, "hint");
    if (gap !== undefined) this.#kinds.set(gap.name, "gap");
    for (const name of noise) this.#kinds.set(name, "noise");
    this.#event = event;
    this.#end = new Matcher(event.terminal, event.error);
    this.gapName = gap?.name;
    this.gateName = gate?.event;
    this.#readNumber = numberReader(event);
    this.#total = event.total?.from === "data" ? tokensOf(event.total.pointer) : undefined;
    this.#published = event.published && tokensOf(event.published.pointer);
  }

  /** False: the service numbers no events. */
  get hasNumbers(): boolean {
    return this.#event.sequence !== null;
  }

  /** False: only the number of events can tell that a run is over. */
  get knowsEnd(): boolean {
    return !this.#end.isEmpty;
  }

  kindOf(name: string): EventKind {
    return this.#kinds.get(name) ?? "event";
  }

  /** Undefined: the event has no number. */
  numberOf(id: string | undefined, data: EventData, connection: number): EventNumber | undefined {
    return this.#readNumber(id, data, connection);
  }

  /** Whether an event is its run's last one. */
  endsRun(name: string, data: EventData): boolean {
    return this.#end.fits(name, data);
  }

  /** How many events the run has, if the event says so. */
  totalOf(data: EventData): number | undefined {
    return this.#total && wholeNumber(valueAt(data.json(), this.#total));
  }

  /** Where publish times are, or undefined. */
  get publishClock(): PublishClock | undefined {
    return this.#event.published?.clock;
  }

  /**
   * When the event was published, milliseconds on its own clock. NaN: it has no time there.
   * Undefined: the service file names no place.
   */
  publishedOf(data: EventData): number | undefined {
    if (this.#published === undefined) return undefined;
    return milliseconds(valueAt(data.json(), this.#published), this.publishClock);
  }
}

/** Decodes data only if a marker or a field is asked for. */
class Matcher {
  readonly #names: ReadonlySet<string>;
  readonly #data: ReadonlySet<string>;
  readonly #fields: readonly { tokens: Tokens; values: readonly unknown[] }[];

  /** True if names are all that is looked at. */
  readonly #byName: boolean;

  constructor(...matches: readonly EventMatch[]) {
    this.#names = new Set(matches.flatMap(({ names }) => names));
    this.#data = new Set(matches.flatMap(({ data }) => data));
    this.#fields = matches
      .flatMap(({ fields }) => fields)
      .map(({ pointer, values }) => ({ tokens: tokensOf(pointer), values }));
    this.#byName = this.#data.size + this.#fields.length === 0;
  }

  get isEmpty(): boolean {
    return this.#byName && this.#names.size === 0;
  }

  fits(name: string, data: EventData): boolean {
    if (this.#names.has(name)) return true;
    if (this.#byName) return false;
    if (this.#data.size > 0 && this.#data.has(data.text())) return true;
    for (const { tokens, values } of this.#fields) {
      const value = valueAt(data.json(), tokens);
      if (values.length > 0 ? values.includes(value) : value !== undefined && value !== null)
        return true;
    }
    return false;
  }
}

function numberReader({ sequence, run }: EventProtocol): EventReader["numberOf"] {
  if (sequence === null) return () => undefined;
  const { first } = sequence;
  const runTokens = run?.from === "data" ? tokensOf(run.pointer) : undefined;
  const epochOf = (data: EventData, connection: number): string | undefined => {
    if (run?.from === "connection") return `connection${connection}`;
    if (runTokens === undefined) return ONLY_RUN;
    const value = valueAt(data.json(), runTokens);
    return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
  };
  if (sequence.from === "data") {
    const tokens = tokensOf(sequence.pointer);
    return (_, data, connection) => {
      const number = wholeNumber(valueAt(data.json(), tokens));
      return numbered(epochOf(data, connection), number, first);
    };
  }
  const { source, sequence: group, run: runGroup, separator } = sequence.pattern;
  if (separator !== undefined && run?.from === "id") return splitReader(separator, first);
  const pattern = new RegExp(source);
  const takesRun = run?.from === "id" && runGroup !== undefined;
  return (id, data, connection) => {
    if (id === undefined) return undefined;
    const match = pattern.exec(id);
    if (match === null) return undefined;
    const epoch = takesRun ? match[runGroup] : epochOf(data, connection);
    return numbered(epoch, Number(match[group]), first);
  };
}

const ZERO = 48;
/** What a history cannot hold without quoting. */
// eslint-disable-next-line no-control-regex -- exactly these
const UNSAFE = /[\x00-\x20"\\]/;

/** Ids like `<run>-<number>`: ten times as fast as a regular expression. */
function splitReader(separator: string, first: number): EventReader["numberOf"] {
  // Runs repeat, so the last one needs no second look.
  let safeRun = "";
  return (id) => {
    if (id === undefined) return undefined;
    const at = id.lastIndexOf(separator);
    const start = at + separator.length;
    if (at <= 0 || start >= id.length) return undefined;
    // One number has one text.
    if (id.charCodeAt(start) === ZERO && id.length > start + 1) return undefined;
    let number = 0;
    for (let i = start; i < id.length; i++) {
      const digit = id.charCodeAt(i) - ZERO;
      if (digit < 0 || digit > 9) return undefined;
      number = number * 10 + digit;
    }
    const epoch = id.slice(0, at);
    if (epoch !== safeRun) {
      if (UNSAFE.test(epoch)) return undefined;
      safeRun = epoch;
    }
    return Number.isSafeInteger(number) && number >= first
      ? { epoch, seq: number - first + 1 }
      : undefined;
  };
}

const numbered = (
  epoch: string | undefined,
  number: number | undefined,
  first: number,
): EventNumber | undefined => {
  if (epoch === undefined || epoch === "" || number === undefined) return undefined;
  return Number.isSafeInteger(number) && number >= first
    ? { epoch, seq: number - first + 1 }
    : undefined;
};

/** Also one that is written as text. */
const wholeNumber = (value: unknown): number | undefined => {
  const number = typeof value === "string" && ONLY_DIGITS.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) ? (number as number) : undefined;
};

const milliseconds = (value: unknown, clock: PublishClock | undefined): number => {
  if (clock === "iso-8601") return typeof value === "string" ? Date.parse(value) : NaN;
  if (typeof value !== "number") return NaN;
  return clock === "unix-s" ? value * 1000 : value;
};
