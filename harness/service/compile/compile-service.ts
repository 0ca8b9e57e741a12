import type {
  CheckedRequest,
  Confirmation,
  EventMatch,
  EventProtocol,
  RequestTemplate,
  ServiceProtocol,
  SessionProtocol,
  StreamProtocol,
  ValueSource,
} from "../../load/portable/service/service-protocol.ts";
import type { ServiceFile } from "../schema/service-schema.ts";
import { compileIdPattern, compilePattern } from "./id-pattern.ts";

type Stream = ServiceFile["stream"];
type Events = ServiceFile["events"];
type Matches = NonNullable<Events["terminal"]>;
interface RequestKeys {
  request: string;
  headers?: Record<string, string> | undefined;
  body?: RequestTemplate["body"] | undefined;
  accept?: number[] | undefined;
}

/** A checked file as the data that engines follow. */
export function compileService(file: ServiceFile, name: string): ServiceProtocol {
  const { session, background, stream, start, gate, events, realtime } = file;
  const ready = file.run?.ready;
  const cheap = background ?? (ready === undefined ? undefined : { request: `GET ${ready}` });
  return defined({
    name,
    instanceHeader: file.instanceHeader?.toLowerCase(),
    session: compileSession(session),
    background: cheap && { ...requestOf(cheap), ...pick(cheap, ["clock", "instance"]) },
    stream: compileStream(stream, session?.credentials !== undefined),
    start: start && {
      ...checkedOf(start),
      ...pick(start, ["running", "run", "total", "instance"]),
    },
    gate: gate && { ...checkedOf(gate), event: gate.event, gate: gate.gate },
    event: compileEvents(events),
    realtime: realtime && {
      access: realtime.access,
      token: requestOf({ request: realtime.token }),
      log: requestOf({ request: realtime.log }),
    },
  });
}

function compileSession(session: ServiceFile["session"]): SessionProtocol {
  const { request, values = {}, credentials = {} } = session ?? {};
  const sources = Object.entries(values).map(([name, value]): [string, ValueSource] => [
    name,
    sourceOf(value),
  ]);
  return defined({
    request: request === undefined ? undefined : checkedOf({ ...session, request }),
    values: { id: { from: "client" as const }, ...Object.fromEntries(sources) },
    credentials: lowerCase(credentials),
  });
}

type Source = NonNullable<NonNullable<ServiceFile["session"]>["values"]>[string];

function sourceOf(value: Source): ValueSource {
  if (typeof value === "string") return { from: "body", pointer: value };
  if ("cookie" in value) return { from: "cookie", name: value.cookie };
  const { header, pattern } = value;
  return defined({
    from: "header" as const,
    name: header.toLowerCase(),
    pattern: pattern === undefined ? undefined : compilePattern(pattern).source,
  });
}

function compileStream(stream: Stream, hasCredentials: boolean): StreamProtocol {
  const request = requestOf(stream);
  const plain = request.method === "GET" && stream.headers === undefined && !hasCredentials;
  const { hint, gap } = stream;
  return defined({
    request,
    eventSourcePath:
      stream.eventsource === undefined
        ? plain
          ? request.path
          : undefined
        : requestOf({ request: stream.eventsource }).path,
    confirmed: confirmationOf(stream.confirmed ?? "head"),
    sendsLastEventId: stream.lastEventId ?? request.method === "GET",
    noise: stream.noise ?? [],
    hint: hint && { name: hint.event, ...pick(hint, ["retry"]) },
    gap: gap && { name: gap.event, ...pick(gap, ["reason"]) },
  });
}

const confirmationOf = (confirmed: NonNullable<Stream["confirmed"]>): Confirmation => {
  if (typeof confirmed === "string") return { by: confirmed };
  const { event, ...pointers } = confirmed;
  return defined({ by: "event" as const, name: event, ...pointers });
};

function compileEvents({
  sequence,
  run,
  total,
  published,
  terminal,
  error,
}: Events): EventProtocol {
  return defined({
    sequence: sequenceOf(sequence),
    run: runOf(run, sequence),
    total:
      total === undefined
        ? null
        : total === "plan"
          ? ({ from: "plan" } as const)
          : typeof total === "number"
            ? ({ from: "file", events: total } as const)
            : ({ from: "data", pointer: total } as const),
    published,
    terminal: matchOf(terminal ?? []),
    error: matchOf(error ?? []),
  });
}

const FIRST = 1;

function sequenceOf(sequence: Events["sequence"]): EventProtocol["sequence"] {
  if (sequence === "none") return null;
  const first = sequence.first ?? FIRST;
  return "id" in sequence
    ? { from: "id", pattern: compileIdPattern(sequence.id), first }
    : { from: "data", pointer: sequence.pointer, first };
}

/** A run in the pattern of the ids is meant, also where `run` does not say so. */
function runOf(run: Events["run"], sequence: Events["sequence"]): EventProtocol["run"] {
  const inId = typeof sequence === "object" && "id" in sequence && sequence.id.includes("${run}");
  if (run === "connection") return { from: "connection" };
  if (run === "id" || (run === undefined && inId)) return { from: "id" };
  return run === undefined ? null : { from: "data", pointer: run };
}

const matchOf = (matches: Matches): EventMatch => ({
  names: matches.filter((one) => typeof one === "string"),
  data: matches.flatMap((one) => (typeof one === "object" && "data" in one ? [one.data] : [])),
  fields: matches.flatMap((one) =>
    typeof one === "object" && "pointer" in one
      ? [{ pointer: one.pointer, values: one.equals === undefined ? [] : [one.equals].flat() }]
      : [],
  ),
});

function requestOf({ request, headers = {}, body }: RequestKeys): RequestTemplate {
  const space = request.indexOf(" ");
  return defined({
    method: request.slice(0, space) as RequestTemplate["method"],
    path: request.slice(space + 1),
    headers: lowerCase(headers),
    body,
  });
}

const checkedOf = (keys: RequestKeys): CheckedRequest => ({
  ...requestOf(keys),
  accept: keys.accept ?? [],
});

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Without the keys whose value is undefined. */
const defined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Defined<T>;

const pick = <T extends object, K extends keyof T & string>(
  value: T,
  keys: readonly K[],
): Defined<Pick<T, K>> =>
  defined(Object.fromEntries(keys.map((key) => [key, value[key]])) as Pick<T, K>);
