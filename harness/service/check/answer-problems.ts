/** Why an answer is not what the service file expects, with the key to look at. */
import type { ControlAnswer } from "../../load/portable/session/session-steps.ts";
import { httpErrorOf } from "../../load/portable/session/sse-attempts.ts";
import type { CheckedRequest } from "../../load/portable/service/service-protocol.ts";
import type { ResponseHead } from "../../load/native/transport/http-response-reader.ts";
import type { Problem } from "../problem.ts";

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

const REMEDIES: Readonly<Record<number, string>> = {
  204: "no content; is there something to stream for this session?",
  400: "it refuses the request; compare path, headers and body with its documentation",
  401: "it wants to know who asks; give session.credentials",
  403: "it refuses these credentials; correct session.credentials",
  404: "it has no such path; correct the request",
  405: "it has no such method there; correct the request",
  406: "it refuses what the request accepts; give an accept header",
  415: "it refuses this kind of body; give a content-type header",
  422: "it refuses the body; correct it",
  429: "it limits the rate; raise its limit for this host",
};

const remedyFor = (status: number, headers: Headers): string => {
  if (status >= 300 && status < 400) {
    const location = String(headers["location"] ?? "another place");
    const login = /log-?in|sign-?in|auth/i.test(location)
      ? "a login; give session.credentials"
      : "give that path";
    return `it sends the client to ${location}: ${login}`;
  }
  return (
    REMEDIES[status] ?? (status >= 500 ? "it failed; look into its log" : "correct the request")
  );
};

/** @param path of the section in the service file */
export function answerProblem(
  path: readonly string[],
  request: CheckedRequest,
  { status, reason, headers = {} }: ControlAnswer,
  url: string,
): Problem | undefined {
  const said = `${request.method} ${request.path}`;
  if (status === 0)
    return {
      path: [],
      message: `nothing answers ${said} at ${url} (${reason ?? "no answer"}); start the service, or correct --url`,
    };
  const { accept } = request;
  const ok = accept.length === 0 ? status >= 200 && status < 300 : accept.includes(status);
  if (ok) return undefined;
  if (status >= 200 && status < 300)
    return {
      path: [...path, "accept"],
      message: `${said} answered ${status}; add ${status} to the list if that is success`,
    };
  return {
    path: [...path, "request"],
    message: `${said} answered ${status}: ${remedyFor(status, headers)}`,
  };
}

/** A session's answer lacks a value. */
export function missingValueProblem(
  name: string,
  place: string,
  { status, headers = {}, body }: ControlAnswer,
): Problem {
  const path = ["session", "values", name];
  if (!place.startsWith("/")) return { path, message: `the answer (${status}) has no ${place}` };
  if (body === undefined) {
    const type = String(headers["content-type"] ?? "none");
    return { path, message: `the answer (${status}) is no JSON: its content type is ${type}` };
  }
  const found = pointersOf(body);
  return {
    path,
    message: `the answer (${status}) has no text or number at ${place}; it has ${found.join(", ") || "nothing"}`,
  };
}

const MOST_POINTERS = 8;

/** Pointers to the values of a JSON text, for its author to choose from. */
export const pointersOf = (value: unknown, above = ""): string[] => {
  if (typeof value !== "object" || value === null) return above === "" ? [] : [above];
  return Object.entries(value)
    .flatMap(([key, inner]) =>
      pointersOf(inner, `${above}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`),
    )
    .slice(0, MOST_POINTERS);
};

/** Why an answer is no event stream. */
export function streamHeadProblem(
  route: string,
  { status, headers }: ResponseHead,
): Problem | undefined {
  const type = headers["content-type"] ?? "";
  const error = httpErrorOf(status, type, headers["content-encoding"]);
  if (error === undefined) return undefined;
  const path = ["stream", "request"];
  if (status !== 200)
    return { path, message: `${route} answered ${status}: ${remedyFor(status, headers)}` };
  if (error.startsWith("content encoding"))
    return {
      path,
      message: `${route} answered with ${error}, though the request did not ask for it; turn compression off for streams`,
    };
  const what = /html/i.test(type)
    ? "an HTML page: is the path right, or is a login page in the way?"
    : "no event stream: does the request need a body or an accept header that asks for one?";
  return { path, message: `${route} answered ${error}, which is ${what}` };
}
