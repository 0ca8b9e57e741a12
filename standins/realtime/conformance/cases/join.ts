/** Joining: what lets in, what keeps out, and in which words. */
import { VSNS } from "../frames.ts";
import { type ConformanceCase, type Step, vsnName } from "../conformance-case.ts";
import { matching, type Pattern } from "../pattern.ts";

const JOINED = { status: "ok", response: { postgres_changes: [] } };
const T = "realtime:<topic>";

/** A join whose payload is given, and the reply's payload. */
const joinWith = (topic: string, payload: unknown, reply: Pattern): Step[] => [
  { send: "a", message: ["1", "1", topic, "phx_join", payload] },
  { receive: "a", message: ["1", "1", topic, "phx_reply", reply] },
];
const denied = (reason: Pattern): Pattern => ({ status: "error", response: { reason } });

/** Refused, and the socket stays usable. */
const refusedJoin = (
  id: string,
  title: string,
  reason: Pattern,
  payload: unknown,
  topic = T,
): ConformanceCase => ({
  id: `join-${id}`,
  section: "§1.4",
  title,
  run: [
    { open: "a" },
    ...joinWith(topic, payload, denied(reason)),
    { quiet: "a" },
    { join: "a", topic: "<topic>-after", ref: "9" },
  ],
});

const config = (rest: Record<string, unknown> = {}): Record<string, unknown> => ({
  broadcast: {},
  presence: { enabled: false },
  private: false,
  ...rest,
});
const EXPIRED = matching(/^InvalidJWTToken: Token has expired \d+ seconds ago$/);

export const joinCases: readonly ConformanceCase[] = [
  ...VSNS.map((vsn): ConformanceCase => ({
    id: `join-reply-${vsnName(vsn)}`,
    section: "§1.4",
    title: `version ${vsn}: the reply to a broadcast-only join, and nothing after it`,
    run: [
      { open: "a", vsn },
      { join: "a", broadcast: { ack: true } },
      // The channel itself answers this one: what it had to say after the join would come before.
      { send: "a", message: ["1", "2", T, "broadcast", { type: "broadcast", event: "e", payload: {} }] },
      { receive: "a", message: ["1", "2", T, "phx_reply", { status: "ok", response: {} }] },
      { quiet: "a" },
    ],
  })),
  {
    id: "join-two-topics",
    section: "§1.4",
    title: "one socket joins several topics, each with a join_ref of its own",
    run: [
      { open: "a" },
      { join: "a", topic: "<topic>-1", ref: "1" },
      { join: "a", topic: "<topic>-2", ref: "2" },
      {
        http: "POST",
        path: "/api/broadcast",
        json: { messages: [{ topic: "<topic>-2", event: "e", payload: {} }] },
        status: 202,
      },
      {
        receive: "a",
        message: [
          null,
          null,
          "realtime:<topic>-2",
          "broadcast",
          { type: "broadcast", event: "e", payload: {} },
        ],
      },
    ],
  },
  refusedJoin(
    "no-topic",
    "the topic realtime: is refused",
    "TopicNameRequired: You must provide a topic name",
    { config: config() },
    "realtime:",
  ),
  {
    id: "join-unmatched",
    section: "§1.5",
    title: "a topic that does not begin with realtime: is unmatched",
    settles: true,
    run: [
      { open: "a" },
      { send: "a", message: ["1", "1", "room:<topic>", "phx_join", { config: config() }] },
      {
        receive: "a",
        message: [null, "1", "room:<topic>", "phx_reply", denied("unmatched topic")],
      },
      { quiet: "a" },
    ],
  },
  {
    id: "join-key-is-token",
    section: "§1.4",
    title: "without a token in the join, the handshake's key counts",
    needs: ["bare", "private"],
    run: [
      { open: "a", token: "session" },
      ...joinWith("realtime:<private>", { config: config({ private: true }) }, JOINED),
    ],
  },
  {
    id: "join-user-token-wins",
    section: "§1.4",
    title: "user_token wins over access_token, which wins over the key",
    needs: ["private"],
    run: [
      { open: "a", token: "anon" },
      ...joinWith(
        "realtime:<private>",
        {
          config: config({ private: true }),
          user_token: "<token:session>",
          access_token: "<token:other-session>",
        },
        JOINED,
      ),
    ],
  },
  {
    id: "join-sb-key",
    section: "§1.4",
    title: "a token that begins with sb_ is replaced by the connection's",
    run: [
      { open: "a" },
      ...joinWith(T, { config: config(), access_token: "sb_publishable_something" }, JOINED),
    ],
  },
  refusedJoin("expired", "an expired token is refused", EXPIRED, {
    config: config(),
    access_token: "<token:expired>",
  }),
  refusedJoin(
    "no-role",
    "a token without role is refused",
    "InvalidJWTToken: Fields `role` and `exp` are required in JWT",
    {
      config: config(),
      access_token: "<token:no-role>",
    },
  ),
  refusedJoin(
    "no-jwt",
    "a token that is no JWT is refused",
    "MalformedJWT: The token provided is not a valid JWT",
    {
      config: config(),
      access_token: "not-a-token",
    },
  ),
  refusedJoin(
    "wrong-secret",
    "a token signed with another secret is refused",
    "JwtSignatureError: Failed to validate JWT signature",
    {
      config: config(),
      access_token: "<token:wrong-secret>",
    },
  ),
  refusedJoin(
    "replay-public",
    "a replay on a public channel is refused",
    "UnableToReplayMessages: Replay is not allowed for public channels",
    { config: config({ broadcast: { replay: { since: 1, limit: 5 } } }) },
  ),
  {
    id: "join-unknown-keys",
    section: "§1.4",
    title: "unknown keys of a join are ignored",
    run: [
      { open: "a" },
      ...joinWith(T, { config: config({ more: 1 }), version: "realtime-js/2.109.0" }, JOINED),
    ],
  },
  {
    id: "join-invalid-parts",
    section: "§1.4",
    title: "invalid parts of a join are left out, and it is not refused for them",
    run: [
      { open: "a" },
      ...joinWith(T, { config: config({ broadcast: { ack: "perhaps", self: [] } }) }, JOINED),
    ],
  },
  {
    id: "join-boolean-text",
    section: "§1.4",
    title: "booleans of a join may be the texts true and false",
    run: [
      { open: "a" },
      ...joinWith(
        T,
        { config: config({ broadcast: { ack: "true", self: "false" }, private: "false" }) },
        JOINED,
      ),
      { send: "a", message: ["1", "2", T, "broadcast", { type: "broadcast", event: "e", payload: {} }] },
      { receive: "a", message: ["1", "2", T, "phx_reply", { status: "ok", response: {} }] },
      { quiet: "a" },
    ],
  },
  {
    id: "join-presence",
    section: "§1.4",
    title: "presence, where it is asked for, adds an empty presence_state",
    run: [
      { open: "a" },
      ...joinWith(T, { config: config({ presence: { enabled: true, key: "" } }) }, JOINED),
      { receive: "a", message: ["1", null, T, "presence_state", {}] },
      { quiet: "a" },
    ],
  },
  ...VSNS.map((vsn): ConformanceCase => ({
    id: `join-again-${vsnName(vsn)}`,
    section: "§1.4",
    title: `version ${vsn}: joining again closes the old channel first, then answers`,
    settles: true,
    run: [
      { open: "a", vsn },
      { join: "a", ref: "1" },
      { send: "a", message: ["5", "5", T, "phx_join", { config: config() }] },
      { receive: "a", message: ["1", "1", T, "phx_close", {}] },
      { receive: "a", message: ["5", "5", T, "phx_reply", JOINED] },
      {
        http: "POST",
        path: "/api/broadcast",
        json: { messages: [{ topic: "<topic>", event: "e", payload: {} }] },
        status: 202,
      },
      // Once, not twice.
      { receive: "a", message: [null, null, T, "broadcast", { type: "broadcast", event: "e", payload: {} }] },
      { quiet: "a" },
    ],
  })),
  {
    id: "join-private-only",
    section: "§1.4",
    title: "a tenant that allows private channels only refuses public ones",
    tenant: { private_only: true },
    run: [
      { open: "a" },
      { join: "a", denied: "PrivateOnly: This project only allows private channels" },
      { quiet: "a" },
    ],
  },
];
