import type { ControlRequest } from "../session/session-steps.ts";
import type { JsonTemplate, RequestTemplate, Template } from "./service-protocol.ts";

type Value = string | number;
/** Values of placeholders. The reader of service files refuses a placeholder without one. */
export type ValueOf = (name: string) => Value | undefined;

const PLACEHOLDER = /\$\$\{|\$\{([^}]*)\}/g;
const WHOLE = /^\$\{([^}]*)\}$/;

const fill = (template: Template, valueOf: ValueOf, encode: (value: string) => string): string =>
  template.replace(PLACEHOLDER, (_, name: string | undefined) =>
    name === undefined ? "${" : encode(String(valueOf(name) ?? "")),
  );

/** A header's value has one line. */
export const fillHeaders = (
  headers: Readonly<Record<string, Template>>,
  valueOf: ValueOf,
): Record<string, string> => {
  const filled: Record<string, string> = {};
  for (const name of Object.keys(headers))
    filled[name] = fill(headers[name] ?? "", valueOf, (value) => value.replace(/[\r\n]/g, ""));
  return filled;
};

export const fillPath = (path: Template, valueOf: ValueOf): string =>
  fill(path, valueOf, encodeURIComponent);

export function fillJson(template: JsonTemplate, valueOf: ValueOf): unknown {
  if (typeof template === "string") {
    const [, name] = WHOLE.exec(template) ?? [];
    return name === undefined ? fill(template, valueOf, (value) => value) : valueOf(name);
  }
  if (typeof template !== "object" || template === null) return template;
  if (Array.isArray(template))
    return (template as readonly JsonTemplate[]).map((item) => fillJson(item, valueOf));
  const filled: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(template)) filled[key] = fillJson(item, valueOf);
  return filled;
}

/** @param credentials headers of the session, which the request's own ones override */
export const fillRequest = (
  { method, path, headers, body }: RequestTemplate,
  valueOf: ValueOf,
  credentials: Readonly<Record<string, string>>,
): ControlRequest => ({
  method,
  path: fillPath(path, valueOf),
  route: path,
  headers: { ...credentials, ...fillHeaders(headers, valueOf) },
  ...(body === undefined ? {} : { body: fillJson(body, valueOf) }),
});

/** `/sessions/${session.id}` as `/sessions/:id`, for figures of all sessions. */
export const routeName = (route: Template): string =>
  route.replace(/\$\{(?:[a-z]+\.)?([^}]*)\}/g, ":$1");

/** A request's body as it is sent: text as it is, anything else as JSON. */
export const bodyText = (body: unknown): string =>
  typeof body === "string" ? body : JSON.stringify(body);
