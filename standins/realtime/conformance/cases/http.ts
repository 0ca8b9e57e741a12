/** The HTTP API: codes, headers, and what its answers say. */
import type { ConformanceCase, HttpStep, Step } from "../conformance-case.ts";
import { anything, containing, matching, type Pattern } from "../pattern.ts";

const T = "realtime:<topic>";
const BATCH = "/api/broadcast";
const SINGLE = "/api/broadcast/<topic>/events/e";
const UNAUTHORIZED = { message: "Unauthorized" };
const NO_TENANT = { message: "Tenant not found in database" };
const NOBODY = "sse-lab-conformance-nobody";
const ONE = { messages: [{ topic: "<topic>", event: "e", payload: { n: 1 } }] };
const integer = matching(/^-?\d+$/);

const post = (step: Omit<HttpStep, "http">): HttpStep => ({ http: "POST", ...step });
const one = (
  id: string,
  title: string,
  step: HttpStep,
  rest: Partial<ConformanceCase> = {},
): ConformanceCase => ({ id: `http-${id}`, section: "§2", title, run: [step], ...rest });
const bare = { needs: ["bare"] } as const;

/** A batch that is refused as a whole. `errors`: by message. */
const invalid = (id: string, title: string, messages: readonly unknown[], errors: Pattern): ConformanceCase =>
  one(
    id,
    title,
    post({ path: BATCH, json: { messages }, status: 422, answers: { errors: { messages: errors } } }),
  );

const unauthorized = (id: string, title: string, rest: Partial<HttpStep>): ConformanceCase[] =>
  [BATCH, SINGLE].map((path) =>
    one(
      `${path === BATCH ? "batch" : "single"}-${id}`,
      `${title} (${path === BATCH ? "batch" : "single"})`,
      post({ path, json: path === BATCH ? ONE : { n: 1 }, status: 401, answers: UNAUTHORIZED, ...rest }),
      bare,
    ),
  );

const received = (text: Record<string, Pattern>): Step => ({
  receive: "a",
  message: [null, null, T, "broadcast", text],
});

export const httpCases: readonly ConformanceCase[] = [
  one(
    "batch-accepted",
    "a batch is accepted with 202 and no body",
    post({ path: BATCH, json: ONE, status: 202, answers: "" }),
  ),
  one(
    "query-ignored",
    "a query on the batch's path is ignored",
    post({ path: `${BATCH}?apikey=k&vsn=2.0.0`, json: ONE, status: 202 }),
  ),
  one(
    "rate-headers",
    "answers say how much of the rate is used and left",
    post({
      path: BATCH,
      json: ONE,
      status: 202,
      headersMatch: { "x-rate-rolling": integer, "x-rate-limit": integer, "x-rate-limit-remaining": integer },
    }),
  ),
  one(
    "cors",
    "any origin may publish",
    post({
      path: BATCH,
      json: ONE,
      headers: { origin: "https://page.example" },
      status: 202,
      headersMatch: { "access-control-allow-origin": "*" },
    }),
    bare,
  ),
  ...unauthorized("no-token", "without a token it is refused with 401", { token: null }),
  ...unauthorized("wrong-secret", "with a token of another secret it is refused with 401", {
    token: "wrong-secret",
  }),
  ...unauthorized("expired", "with an expired token it is refused with 401", { token: "expired" }),
  ...unauthorized("no-role", "with a token without role it is refused with 401", { token: "no-role" }),
  ...unauthorized("x-api-key", "a token in x-api-key is not read", {
    token: null,
    headers: { "x-api-key": "<token:service>" },
  }),
  one(
    "apikey",
    "a token in the header apikey is taken",
    post({ path: BATCH, json: ONE, token: null, headers: { apikey: "<token:service>" }, status: 202 }),
    bare,
  ),
  one(
    "bearer-first",
    "a token in Authorization wins over apikey",
    post({
      path: BATCH,
      json: ONE,
      token: "expired",
      headers: { apikey: "<token:service>" },
      status: 401,
      answers: UNAUTHORIZED,
    }),
    bare,
  ),
  one(
    "anon-publishes",
    "any role publishes to public channels",
    post({ path: BATCH, json: ONE, token: "anon", status: 202 }),
  ),
  ...[BATCH, SINGLE].map((path) =>
    one(
      `${path === BATCH ? "batch" : "single"}-unknown-tenant`,
      `a host name of no tenant is refused with 401 (${path === BATCH ? "batch" : "single"})`,
      post({ path, json: ONE, tenant: NOBODY, status: 401, answers: NO_TENANT }),
      bare,
    ),
  ),
  one(
    "suspended",
    "a suspended tenant is refused with 403",
    post({ path: BATCH, json: ONE, status: 403, answers: { message: "Tenant is suspended" } }),
    {
      tenant: {},
      run: [
        { http: "PUT", path: "/api/tenants/<tenant>", json: { tenant: { suspend: true } }, status: 200 },
        post({ path: BATCH, json: ONE, status: 403, answers: { message: "Tenant is suspended" } }),
      ],
    },
  ),
  invalid(
    "no-payload",
    "a message without payload is refused with 422",
    [{ topic: "<topic>", event: "e" }],
    [{ payload: ["can't be blank"] }],
  ),
  invalid(
    "no-topic",
    "a message without topic is refused with 422",
    [{ event: "e", payload: {} }],
    [{ topic: ["can't be blank"] }],
  ),
  invalid(
    "no-event",
    "a message without event is refused with 422",
    [{ topic: "<topic>", payload: {} }],
    [{ event: ["can't be blank"] }],
  ),
  invalid(
    "payload-no-object",
    "a payload that is no object is refused with 422",
    [{ topic: "<topic>", event: "e", payload: "text" }],
    [containing({ payload: anything })],
  ),
  {
    id: "http-batch-all-or-nothing",
    section: "§2",
    title: "one bad message has the whole batch refused, with the errors by message",
    run: [
      { open: "a" },
      { join: "a" },
      post({
        path: BATCH,
        json: {
          messages: [
            { topic: "<topic>", event: "good", payload: {} },
            { topic: "<topic>", event: "bad" },
          ],
        },
        status: 422,
        answers: { errors: { messages: [{}, { payload: ["can't be blank"] }] } },
      }),
      post({ path: BATCH, json: ONE, status: 202 }),
      received({ type: "broadcast", event: "e", payload: { n: 1 } }),
    ],
  },
  {
    id: "http-bare-topic",
    section: "§2",
    title: "an HTTP topic has no realtime: in front; one that has is another topic",
    run: [
      { open: "a" },
      { join: "a" },
      { open: "b" },
      { join: "b", topic: "realtime:<topic>" },
      post({ path: BATCH, json: { messages: [{ topic: T, event: "prefixed", payload: {} }] }, status: 202 }),
      post({ path: BATCH, json: ONE, status: 202 }),
      received({ type: "broadcast", event: "e", payload: { n: 1 } }),
      {
        receive: "b",
        message: [
          null,
          null,
          `realtime:${T}`,
          "broadcast",
          { type: "broadcast", event: "prefixed", payload: {} },
        ],
      },
    ],
  },
  {
    id: "http-id",
    section: "§2",
    title: "the id of a batch's message arrives as meta.id",
    run: [
      { open: "a" },
      { join: "a" },
      post({
        path: BATCH,
        json: { messages: [{ id: "message-1", topic: "<topic>", event: "e", payload: { n: 1 } }] },
        status: 202,
      }),
      received({ type: "broadcast", event: "e", payload: { n: 1 }, meta: { id: "message-1" } }),
    ],
  },
  {
    id: "http-single-escaped",
    section: "§2",
    title: "topic and event of a single message are unescaped",
    run: [
      { open: "a" },
      { join: "a", topic: "<topic>:a b/ü" },
      post({ path: "/api/broadcast/<topic>%3Aa%20b%2F%C3%BC/events/e%20%2F1", json: { n: 1 }, status: 202 }),
      {
        receive: "a",
        binary: { topic: "realtime:<topic>:a b/ü", event: "e /1", encoding: "json", payload: { n: 1 } },
      },
    ],
  },
  one(
    "single-no-content-type",
    "a single message without a content type is taken",
    post({ path: SINGLE, status: 202 }),
  ),
  one(
    "single-unsupported",
    "a single message of another content type is refused with 415",
    post({
      path: SINGLE,
      body: "text",
      headers: { "content-type": "text/plain" },
      status: 415,
      answers: { error: "Unsupported Media Type. Use application/json or application/octet-stream" },
    }),
  ),
  one(
    "malformed-authorization",
    "an Authorization without a space is an error of the server",
    post({ path: BATCH, json: ONE, token: null, headers: { authorization: "nonsense" }, status: 500 }),
    { ...bare, settles: true },
  ),
  one(
    "body-too-large",
    "a body of more than 8 MB is refused with 413",
    post({
      path: BATCH,
      body: JSON.stringify({ messages: [], filler: "x".repeat(9_000_000) }),
      headers: { "content-type": "application/json" },
      status: 413,
    }),
    { ...bare, settles: true },
  ),
];
