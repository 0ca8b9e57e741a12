/** A joined channel: heartbeats, leaving, stale messages, and its token. */
import { VSNS } from "../frames.ts";
import { type ConformanceCase, type Step, vsnName } from "../conformance-case.ts";
import { anyString, matching, oneOf, type Pattern } from "../pattern.ts";

const T = "realtime:<topic>";
const OK = { status: "ok", response: {} };
const unmatched = { status: "error", response: { reason: "unmatched topic" } };
const PAYLOAD = { type: "broadcast", event: "e", payload: { n: 1 } };

/** Published by somebody else; the next frame has to be it. */
const delivered = (name: string, topic = "<topic>"): Step[] => [
  {
    http: "POST",
    path: "/api/broadcast",
    json: { messages: [{ topic, event: "e", payload: { n: 1 } }] },
    status: 202,
  },
  { receive: name, message: [null, null, `realtime:${topic}`, "broadcast", PAYLOAD] },
];

/** The server ends the channel with a reason; the socket stays. */
const ended = (name: string, topic: string, message: Pattern, withinMs?: number): Step[] => [
  {
    receive: name,
    message: [
      "1",
      null,
      `realtime:${topic}`,
      "system",
      { extension: "system", status: "error", message, channel: topic },
    ],
    ...(withinMs === undefined ? {} : { withinMs }),
  },
  { receive: name, message: ["1", "1", `realtime:${topic}`, "phx_close", {}] },
  { quiet: name },
];

/** A new token that the channel does not survive. */
const badRefresh = (id: string, title: string, token: string, message: Pattern): ConformanceCase => ({
  id: `token-${id}`,
  section: "§1.5",
  title,
  run: [
    { open: "a" },
    { join: "a" },
    { send: "a", message: ["1", "2", T, "access_token", { access_token: token }] },
    ...ended("a", "<topic>", message),
  ],
});

const EXPIRED = matching(/^Token has expired \d+ seconds ago$/);

export const channelCases: readonly ConformanceCase[] = [
  ...VSNS.flatMap((vsn): ConformanceCase[] => [
    {
      id: `heartbeat-${vsnName(vsn)}`,
      section: "§1.5",
      title: `version ${vsn}: a heartbeat is answered`,
      run: [
        { open: "a", vsn },
        { send: "a", message: [null, "41", "phoenix", "heartbeat", {}] },
        { receive: "a", message: [null, "41", "phoenix", "phx_reply", OK] },
      ],
    },
    {
      id: `leave-${vsnName(vsn)}`,
      section: "§1.5",
      title: `version ${vsn}: leaving is answered, then the channel closes`,
      settles: true,
      run: [
        { open: "a", vsn },
        { join: "a" },
        { send: "a", message: ["1", "2", T, "phx_leave", {}] },
        { receive: "a", message: ["1", "2", T, "phx_reply", OK] },
        { receive: "a", message: ["1", "1", T, "phx_close", {}] },
        { quiet: "a" },
      ],
    },
  ]),
  {
    id: "leave-ends-delivery",
    section: "§1.5",
    title: "a channel that was left gets nothing more, and can be joined again",
    run: [
      { open: "a" },
      { open: "b" },
      { join: "a" },
      { join: "b" },
      { send: "a", message: ["1", "2", T, "phx_leave", {}] },
      { receive: "a", message: ["1", "2", T, "phx_reply", OK] },
      { receive: "a", message: ["1", "1", T, "phx_close", {}] },
      ...delivered("b"),
      { join: "a", ref: "3" },
      ...delivered("a"),
      { receive: "b", message: [null, null, T, "broadcast", PAYLOAD] },
    ],
  },
  {
    id: "leave-not-joined",
    section: "§1.5",
    title: "leaving what was not joined is answered with ok only",
    run: [
      { open: "a" },
      { send: "a", message: ["1", "2", T, "phx_leave", {}] },
      { receive: "a", message: ["1", "2", T, "phx_reply", OK] },
      { quiet: "a" },
    ],
  },
  {
    id: "unmatched-event",
    section: "§1.5",
    title: "any other event on a topic that was not joined is unmatched, without join_ref",
    settles: true,
    run: [
      { open: "a" },
      { send: "a", message: ["1", "2", T, "broadcast", PAYLOAD] },
      { receive: "a", message: [null, "2", T, "phx_reply", unmatched] },
      { quiet: "a" },
    ],
  },
  {
    id: "unknown-event",
    section: "§1.5",
    title: "an unknown event on a joined channel is ignored",
    run: [
      { open: "a" },
      { join: "a", broadcast: { ack: true } },
      { send: "a", message: ["1", "2", T, "no_such_event", { any: "thing" }] },
      { send: "a", message: ["1", "3", T, "broadcast", PAYLOAD] },
      { receive: "a", message: ["1", "3", T, "phx_reply", OK] },
      { quiet: "a" },
    ],
  },
  {
    id: "stale-join-ref",
    section: "§1.5",
    title: "a message with another join_ref than the channel's is dropped",
    run: [
      { open: "a" },
      { join: "a", broadcast: { ack: true, self: true } },
      { send: "a", message: ["0", "2", T, "broadcast", { ...PAYLOAD, event: "stale" }] },
      { send: "a", message: ["1", "3", T, "broadcast", PAYLOAD] },
      ...eitherOrder(["1", "3", T, "phx_reply", OK], [null, null, T, "broadcast", PAYLOAD]),
      { quiet: "a" },
    ],
  },
  {
    id: "null-join-ref",
    section: "§1.5",
    title: "a message without join_ref is taken",
    run: [
      { open: "a" },
      { open: "b" },
      { join: "a" },
      { join: "b" },
      { send: "b", message: [null, "2", T, "broadcast", PAYLOAD] },
      { receive: "a", message: [null, null, T, "broadcast", PAYLOAD] },
    ],
  },
  {
    id: "token-expires",
    section: "§1.5",
    title: "a channel ends when its token does, and the socket stays",
    tokens: { short: { role: "authenticated", expiresInS: 3 } },
    run: [
      { open: "a" },
      { join: "a", token: "short" },
      ...ended("a", "<topic>", EXPIRED, 20_000),
      { join: "a", ref: "9" },
    ],
  },
  {
    id: "token-refreshed",
    section: "§1.5",
    title: "a channel that got a newer token in time outlives the old one",
    tokens: { short: { role: "authenticated", expiresInS: 3 } },
    run: [
      { open: "a" },
      { join: "a", token: "short" },
      { send: "a", message: ["1", "2", T, "access_token", { access_token: "<token:service>" }] },
      // The same token, not renewed: when it has ended, the renewed one's time would be over too.
      { open: "b" },
      { join: "b", topic: "<topic>-b", token: "short" },
      ...ended("b", "<topic>-b", EXPIRED, 20_000),
      ...delivered("a"),
    ],
  },
  badRefresh("refresh-expired", "a new token that is expired ends the channel", "<token:expired>", EXPIRED),
  badRefresh(
    "refresh-no-role",
    "a new token without role ends the channel",
    "<token:no-role>",
    "Fields `role` and `exp` are required in JWT",
  ),
  badRefresh("refresh-no-jwt", "a new token that is no JWT ends the channel", "not-a-token", anyString),
  badRefresh(
    "refresh-wrong-secret",
    "a new token of another secret ends the channel",
    "<token:wrong-secret>",
    anyString,
  ),
  {
    id: "token-refresh-ignored",
    section: "§1.5",
    title: "a new token that is null, unchanged or begins with sb_ is ignored",
    run: [
      { open: "a" },
      { join: "a", broadcast: { ack: true } },
      { send: "a", message: ["1", "2", T, "access_token", { access_token: null }] },
      { send: "a", message: ["1", "3", T, "access_token", { access_token: "<token:service>" }] },
      { send: "a", message: ["1", "4", T, "access_token", { access_token: "sb_publishable_something" }] },
      { send: "a", message: ["1", "5", T, "broadcast", PAYLOAD] },
      { receive: "a", message: ["1", "5", T, "phx_reply", OK] },
      { quiet: "a" },
    ],
  },
];

/** The reply and the sender's own copy come from two processes of the server. */
function eitherOrder(one: readonly Pattern[], other: readonly Pattern[]): Step[] {
  const text = oneOf(one, other);
  return [
    { receive: "a", text },
    { receive: "a", text },
  ];
}
