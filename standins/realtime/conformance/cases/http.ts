/** The HTTP API: status codes, headers, and health endpoints. */
import type { ConformanceCase, HttpStep, Step } from "../conformance-case.ts";
import { matching, type Pattern } from "../pattern.ts";
import { batch, broadcast, hears, T } from "./messages.ts";

const UNKNOWN = "sse-lab-conformance-unknown";
const ONE = batch({ event: "e", payload: { n: 1 } });
const integer = matching(/^-?\d+$/);
const joined: readonly Step[] = [{ open: "a" }, { join: "a" }];

const one = (
  id: string,
  title: string,
  step: HttpStep,
  rest: Partial<ConformanceCase> = {},
): ConformanceCase => ({ id: `http-${id}`, section: "§2", title, run: [step], ...rest });
const bare = { needs: ["bare"] } as const;

const unauthorized = (id: string, title: string, token: string | null): ConformanceCase =>
  one(
    `batch-${id}`,
    `${title} is refused with 401`,
    { ...ONE, token, status: 401, answers: { message: "Unauthorized" } },
    bare,
  );

/** The server refuses the whole batch. `errors`: one object for each message. */
const invalid = (
  id: string,
  title: string,
  messages: readonly Record<string, unknown>[],
  errors: Pattern,
): ConformanceCase => ({
  id: `http-${id}`,
  section: "§2",
  title,
  run: [
    ...joined,
    { ...batch(...messages), status: 422, answers: { errors: { messages: errors } } },
    // The next message arrives, and nothing of the refused batch before it.
    ONE,
    hears("a", broadcast("e", { n: 1 })),
  ],
});

/** The server's decoder refuses the body, whatever its token. */
const unreadable = (id: string, what: string, value: string): ConformanceCase =>
  one(
    `json-${id}`,
    `JSON with ${what} is refused with 400`,
    {
      http: "POST",
      path: "/api/broadcast",
      text: `{"messages":[{"topic":"<topic>","event":"e","payload":{"v":${value}}}]}`,
      status: 400,
    },
    bare,
  );

const DEEP = JSON.parse(`${"[".repeat(900)}${"]".repeat(900)}`) as Pattern;

const health = (
  id: string,
  title: string,
  step: Omit<HttpStep, "http" | "token">,
): ConformanceCase =>
  one(id, title, { http: "GET", token: null, ...step }, { id, section: "§5.2", ...bare });

export const httpCases: readonly ConformanceCase[] = [
  one("batch-accepted", "a batch is accepted with 202 and an empty body", { ...ONE, answers: "" }),
  one("rate-headers", "answers contain the current rate and the limit", {
    ...ONE,
    headersMatch: {
      "x-rate-rolling": integer,
      "x-rate-limit": integer,
      "x-rate-limit-remaining": integer,
    },
  }),
  unauthorized("no-token", "a request without a token", null),
  unauthorized("wrong-secret", "a token signed with another secret", "wrong-secret"),
  unauthorized("expired", "an expired token", "expired"),
  one(
    "batch-unknown-tenant",
    "an unknown host name is refused with 401",
    {
      ...ONE,
      tenant: UNKNOWN,
      status: 401,
      answers: { message: "Tenant not found in database" },
    },
    bare,
  ),
  invalid(
    "no-topic",
    "a message without topic is refused with 422",
    [{ topic: null, event: "e", payload: {} }],
    [{ topic: ["can't be blank"] }],
  ),
  invalid(
    "batch-all-or-nothing",
    "one bad message makes the server refuse the whole batch, with the errors of each message",
    [{ event: "good", payload: {} }, { event: "bad" }],
    [{}, { payload: ["can't be blank"] }],
  ),
  {
    id: "http-bare-topic",
    section: "§2",
    title: "an HTTP topic has no prefix realtime:; with the prefix it is another topic",
    run: [
      ...joined,
      { open: "b" },
      { join: "b", topic: T },
      batch({ topic: T, event: "prefixed", payload: {} }),
      ONE,
      hears("a", broadcast("e", { n: 1 })),
      hears("b", broadcast("prefixed"), `realtime:${T}`),
    ],
  },
  one(
    "body-too-large",
    "a body of more than 8 MB is refused with 413",
    { ...ONE, json: { messages: [], filler: "x".repeat(9_000_000) }, status: 413 },
    { ...bare, settles: true },
  ),
  unreadable("surrogate", "half a surrogate pair", '"cut here \\ud83d"'),
  unreadable("float", "a float beyond the largest double", "1e400"),
  {
    id: "http-json-deep",
    section: "§2",
    title: "900 levels of JSON are accepted and arrive",
    run: [
      ...joined,
      batch({ event: "deep", payload: { deep: DEEP } }),
      hears("a", broadcast("deep", { deep: DEEP })),
    ],
  },
  health("health-process", "/healthcheck answers 200 ok for any host name, without a key", {
    path: "/healthcheck",
    tenant: UNKNOWN,
    status: 200,
    answers: "ok",
  }),
  health("health-ping", "/api/ping answers 200 for the host name of a tenant", {
    path: "/api/ping",
    status: 200,
    answers: { message: "Success" },
  }),
  health("health-ping-unknown", "/api/ping answers 401 for an unknown host name", {
    path: "/api/ping",
    tenant: UNKNOWN,
    status: 401,
  }),
];
