/** What a schema cannot say: mistakes in how the keys of a service file go together. */
import type { Problem } from "../problem.ts";
import type { ServiceFile } from "../schema/service-schema.ts";
import { placeholderProblems } from "./placeholder-problems.ts";

/** Headers that the lab sets itself, or that would change how the stream is read. */
const RESERVED: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "host",
  "last-event-id",
  "transfer-encoding",
]);

export const fileProblems = (file: ServiceFile): Problem[] => [
  ...requestProblems(file),
  ...sessionProblems(file),
  ...streamProblems(file),
  ...eventProblems(file),
  ...runProblems(file),
  ...placeholderProblems(file),
];

const SECTIONS = ["session", "background", "stream", "start", "gate"] as const;

function requestProblems(file: ServiceFile): Problem[] {
  return SECTIONS.flatMap((section) => {
    const { request, headers, body } = file[section] ?? {};
    const reserved = Object.keys(headers ?? {}).filter((name) => RESERVED.has(name.toLowerCase()));
    return [
      ...reserved.map((name) => reservedProblem([section, "headers", name])),
      ...(body !== undefined && request?.startsWith("GET ")
        ? [{ path: [section, "body"], message: "a GET has no body; use POST, or remove it" }]
        : []),
    ];
  });
}

const reservedProblem = (path: string[]): Problem => ({
  path,
  message: "the lab sets this header itself; remove it",
});

function sessionProblems({ session }: ServiceFile): Problem[] {
  if (session === undefined) return [];
  const problems = Object.keys(session.credentials ?? {})
    .filter((name) => RESERVED.has(name.toLowerCase()))
    .map((name) => reservedProblem(["session", "credentials", name]));
  if (session.request !== undefined) return problems;
  for (const key of ["values", "body", "headers", "accept"] as const)
    if (session[key] !== undefined)
      problems.push({
        path: ["session", key],
        message: "there is no request that it belongs to; add session.request, or remove it",
      });
  return problems;
}

function streamProblems({ stream, gate, events }: ServiceFile): Problem[] {
  const problems: Problem[] = [];
  if (!/^(GET|POST) /.test(stream.request))
    problems.push({
      path: ["stream", "request"],
      message: `is "${stream.request}"; a stream is opened by GET or POST`,
    });
  if (stream.eventsource !== undefined && !stream.eventsource.startsWith("GET "))
    problems.push({
      path: ["stream", "eventsource"],
      message: `is "${stream.eventsource}"; an EventSource sends a GET`,
    });
  const confirmed = typeof stream.confirmed === "object" ? stream.confirmed.event : undefined;
  const meanings: [string | undefined, string][] = [
    [confirmed, "stream.confirmed"],
    [stream.hint?.event, "stream.hint"],
    [stream.gap?.event, "stream.gap"],
    [gate?.event, "gate"],
    ...namesOf(events.terminal).map((name): [string, string] => [name, "events.terminal"]),
    ...namesOf(events.error).map((name): [string, string] => [name, "events.error"]),
  ];
  for (const [index, name] of (stream.noise ?? []).entries()) {
    const other = meanings.find(([meant]) => meant === name)?.[1];
    if (other !== undefined)
      problems.push({
        path: ["stream", "noise", index],
        message: `"${name}" is an event of ${other} too, so it is no noise; remove it here`,
      });
  }
  return problems;
}

const namesOf = (matches: ServiceFile["events"]["terminal"] = []): string[] =>
  matches.filter((one) => typeof one === "string");

function eventProblems(file: ServiceFile): Problem[] {
  const { sequence, run, total, terminal = [], error = [] } = file.events;
  const problems: Problem[] = [];
  const at = (key: string, message: string): void => {
    problems.push({ path: ["events", key], message });
  };
  const id = typeof sequence === "object" && "id" in sequence ? sequence.id : undefined;
  if (id !== undefined && !id.includes("${sequence}"))
    problems.push({
      path: ["events", "sequence", "id"],
      message: `is "${id}"; write \${sequence} where the number is`,
    });
  if (run === "id" && !id?.includes("${run}"))
    at("run", "the id names no run; write ${run} in events.sequence.id, or remove run");
  if (sequence === "none" && total !== undefined)
    at("total", "events without a number are not counted; give events.sequence, or remove total");
  if (total === "plan" && !asksForEvents(file))
    at("total", "no request asks for ${load.events}; put it into start.body, or remove total");
  if (terminal.length + error.length === 0 && (sequence === "none" || total === undefined))
    at("terminal", "is missing, and so is the number of events: no stream would ever be complete");
  return problems;
}

/** The service is told how many events to send. */
const asksForEvents = ({ session, stream, start }: ServiceFile): boolean =>
  JSON.stringify([session, stream, start]).includes("${load.events}");

function runProblems({ run }: ServiceFile): Problem[] {
  if (run === undefined) return [];
  const problems: Problem[] = [];
  const { command, image, build, port } = run;
  if (command === undefined && image === undefined && build === undefined)
    problems.push({
      path: ["run"],
      message: "does not say what to start; give command, image or build",
    });
  if ((image !== undefined || build !== undefined) && port === undefined)
    problems.push({
      path: ["run"],
      message: "an image needs the port that it listens on; give port",
    });
  if (image !== undefined && build !== undefined)
    problems.push({ path: ["run", "image"], message: "there is a build too; remove one of them" });
  return problems;
}
