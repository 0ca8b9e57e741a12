/** Says in words what a service file means to the lab. */
import type {
  EventMatch,
  EventProtocol,
  ServiceProtocol,
  ValueSource,
} from "../../load/portable/service/service-protocol.ts";
import type { Service } from "../read-service-file.ts";

type Row = readonly [key: string, meaning: string];

/** One row for each section that the file has, and one for what a load test can tell. */
export function explainService({ file, protocol }: Service): Row[] {
  const { session, background, stream, start, gate, event } = protocol;
  const rows: (Row | undefined)[] = [
    file.run && ["run", runOf(file.run)],
    ["session", sessionOf(session)],
    background && ["background", `${background.method} ${background.path}, now and then`],
    ["stream", streamOf(stream)],
    ["start", start ? `${start.method} ${start.path}` : "nothing: opening the stream is enough"],
    gate && ["gate", `event ${gate.event}, answered by ${gate.method} ${gate.path}`],
    ["events", eventsOf(event)],
    ["tells", whatIsKnown(event, file.run?.ledger === true)],
  ];
  return rows.filter((row) => row !== undefined);
}

const runOf = ({ command, image, build, ready }: NonNullable<Service["file"]["run"]>): string => {
  const ways = [
    command === undefined ? [] : `command ${[command].flat().join(" ")}`,
    image === undefined ? [] : `image ${image}`,
    build === undefined ? [] : `image built from ${build.context}`,
  ].flat();
  return `${ways.join(", or ")}; ready when GET ${ready} answers 2xx`;
};

function sessionOf({ request, values, credentials }: ServiceProtocol["session"]): string {
  const from = Object.entries(values).map(([name, source]) => `${name} ${placeOf(source)}`);
  const headers = Object.keys(credentials);
  return [
    request === undefined ? "begins with the stream" : `${request.method} ${request.path}`,
    from.join(", "),
    ...(headers.length === 0 ? [] : [`later requests send ${headers.join(", ")}`]),
  ].join("; ");
}

const placeOf = (source: ValueSource): string => {
  if (source.from === "client") return "is a random UUID";
  return source.from === "body" ? `from ${source.pointer}` : `from ${source.from} ${source.name}`;
};

function streamOf({
  request,
  confirmed,
  noise,
  sendsLastEventId,
  eventSourcePath,
}: ServiceProtocol["stream"]): string {
  const by = {
    head: "the response head",
    byte: "the first byte",
    event: confirmed.by === "event" ? `the event ${confirmed.name}` : "",
  }[confirmed.by];
  return [
    `${request.method} ${request.path}`,
    `confirmed by ${by}`,
    ...(noise.length === 0 ? [] : [`${noise.join(", ")} means nothing`]),
    sendsLastEventId ? "resumes with Last-Event-ID" : "never resumes",
    ...(eventSourcePath === undefined ? ["a browser's EventSource cannot open it"] : []),
  ].join("; ");
}

function eventsOf({ sequence, run, total, published, terminal, error }: EventProtocol): string {
  const number =
    sequence === null
      ? "have no number"
      : `number ${sequence.from === "id" ? "in the id" : `at ${sequence.pointer}`}, from ${sequence.first}`;
  const count =
    total === null
      ? undefined
      : total.from === "plan"
        ? "as many as the plan asks for"
        : total.from === "file"
          ? `${total.events} in all`
          : `total at ${total.pointer}`;
  const runs =
    run === null
      ? "one run per session"
      : run.from === "data"
        ? `run at ${run.pointer}`
        : run.from === "id"
          ? "run in the id"
          : "each connection is a run";
  return [
    number,
    runs,
    ...(count === undefined ? [] : [count]),
    ...(published === undefined ? [] : [`published at ${published.pointer} (${published.clock})`]),
    `last: ${[...wordsOf(terminal), ...wordsOf(error).map((one) => `${one} (failed)`)].join(", ") || "the one whose number is the total"}`,
  ].join("; ");
}

/** What an {@link EventMatch} looks for. */
export const wordsOf = ({ names, data, fields }: EventMatch): string[] => [
  ...names.map((name) => `event ${name}`),
  ...data.map((text) => `data ${text}`),
  ...fields.map(({ pointer, values }) =>
    values.length === 0 ? pointer : `${pointer} = ${values.join(" or ")}`,
  ),
];

function whatIsKnown({ sequence, published }: EventProtocol, ledger: boolean): string {
  if (ledger) return "every lost event and its cause, from the ledger";
  if (sequence === null)
    return "stuck streams, silence and reconnects; single losses cannot be seen without numbers";
  const latency = published === undefined ? "" : ", latency";
  return `missed events, gaps, duplicates, stuck streams, reconnects${latency}; no causes without a ledger`;
}
