import type { Problem } from "../problem.ts";
import type { ServiceFile } from "../schema/service-schema.ts";
import { placeholdersOf, visitTexts } from "./placeholders.ts";

const LOAD = ["load.events", "load.rate", "load.gates", "load.payloadBytes", "load.seed"];
const RUN = ["port", "instance", "revision", "redis.url", "ledger.dir"];

/** Placeholders that nothing fills. */
export function placeholderProblems(file: ServiceFile): Problem[] {
  const values = Object.keys({ id: "", ...file.session?.values }).map((name) => `session.${name}`);
  const later = [...values, ...LOAD];
  const { session, background, stream, start, gate, events, run } = file;
  const pattern = ["sequence", "run", "any"];
  const begin = session && {
    request: session.request,
    headers: session.headers,
    body: session.body,
  };
  return [
    ...unknown(begin, ["session"], LOAD),
    ...unknown(session?.credentials, ["session", "credentials"], values),
    ...valuePatterns(session?.values),
    ...unknown(background, ["background"], values),
    ...unknown(stream, ["stream"], later),
    ...unknown(start, ["start"], later),
    ...unknown(gate, ["gate"], [...later, "gate"]),
    ...unknown(events, ["events"], pattern),
    ...unknown(run, ["run"], RUN),
  ];
}

const valuePatterns = (values: NonNullable<ServiceFile["session"]>["values"] = {}): Problem[] =>
  Object.entries(values).flatMap(([name, value]) => {
    if (typeof value === "string" || !("header" in value) || value.pattern === undefined) return [];
    const path = ["session", "values", name, "pattern"];
    if (placeholdersOf(value.pattern).join() === "value") return [];
    return [{ path, message: `is "${value.pattern}"; write \${value} once, where the value is` }];
  });

function unknown(section: unknown, path: string[], known: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  visitTexts(section, path, (text, at) => {
    for (const name of placeholdersOf(text))
      if (!known.includes(name) && !name.startsWith("env."))
        problems.push({
          path: at,
          message: `nothing fills \${${name}}; known here are ${[...known, "env.NAME"].join(", ")}`,
        });
  });
  return problems;
}
