/** Joining a channel: the frames of both versions, and the refusals. */
import { VSNS } from "../frames.ts";
import { type ConformanceCase, vsnName } from "../conformance-case.ts";
import { matching, type Pattern } from "../pattern.ts";
import { batch, broadcast, denied, hears, JOINED, OK, reply, say, T } from "./messages.ts";

const CONFIG = { broadcast: {}, presence: { enabled: false }, private: false };

/** The join is refused, and the socket stays usable. */
const refusedJoin = (
  id: string,
  title: string,
  reason: Pattern,
  payload: Readonly<Record<string, unknown>>,
  topic = T,
): ConformanceCase => ({
  id: `join-${id}`,
  section: "§1.4",
  title,
  run: [
    { open: "a" },
    { send: "a", message: ["1", "1", topic, "phx_join", { config: CONFIG, ...payload }] },
    { receive: "a", message: reply("1", denied(reason), topic) },
    { quiet: "a" },
    { join: "a", topic: "<topic>-after", ref: "9" },
  ],
});

export const joinCases: readonly ConformanceCase[] = [
  {
    id: "frame-shape-v2",
    section: "§1.3",
    title: "version 2 writes arrays: join_ref, ref, topic, event, payload",
    run: [
      { open: "a" },
      { send: "a", frame: JSON.stringify(["7", "8", T, "phx_join", { config: CONFIG }]) },
      { receive: "a", text: ["7", "8", T, "phx_reply", JOINED] },
    ],
  },
  {
    id: "frame-shape-v1",
    section: "§1.3",
    title: "version 1 writes objects of exactly topic, event, payload and ref",
    run: [
      { open: "a", vsn: "1.0.0" },
      {
        send: "a",
        frame: JSON.stringify({
          topic: T,
          event: "phx_join",
          payload: { config: CONFIG },
          ref: "8",
          join_ref: "8",
        }),
      },
      { receive: "a", text: { topic: T, event: "phx_reply", payload: JOINED, ref: "8" } },
    ],
  },
  ...VSNS.flatMap((vsn): ConformanceCase[] => [
    {
      id: `join-reply-${vsnName(vsn)}`,
      section: "§1.4",
      title: `version ${vsn}: a broadcast-only join gets its reply and nothing more`,
      run: [
        { open: "a", vsn },
        { join: "a", broadcast: { ack: true } },
        // The channel itself acknowledges this: its other messages would arrive before.
        say("a", "2", broadcast("e")),
        { receive: "a", message: reply("2", OK) },
        { quiet: "a" },
      ],
    },
    {
      id: `join-again-${vsnName(vsn)}`,
      section: "§1.4",
      title: `version ${vsn}: a second join closes the old channel first, then gets its reply`,
      settles: true,
      run: [
        { open: "a", vsn },
        { join: "a", ref: "1" },
        { send: "a", message: ["5", "5", T, "phx_join", { config: CONFIG }] },
        { receive: "a", message: ["1", "1", T, "phx_close", {}] },
        { receive: "a", message: ["5", "5", T, "phx_reply", JOINED] },
        batch({ event: "e", payload: {} }),
        // Once, not twice.
        hears("a", broadcast("e")),
        { quiet: "a" },
      ],
    },
  ]),
  {
    id: "join-two-topics",
    section: "§1.4",
    title: "one socket joins several topics, each with its own join_ref",
    run: [
      { open: "a" },
      { join: "a", topic: "<topic>-1", ref: "1" },
      { join: "a", topic: "<topic>-2", ref: "2" },
      batch({ topic: "<topic>-2", event: "e", payload: {} }),
      hears("a", broadcast("e"), `${T}-2`),
    ],
  },
  refusedJoin(
    "no-topic",
    "the topic realtime: is refused",
    "TopicNameRequired: You must provide a topic name",
    {},
    "realtime:",
  ),
  refusedJoin(
    "expired",
    "an expired token is refused",
    matching(/^InvalidJWTToken: Token has expired \d+ seconds ago$/),
    { access_token: "<token:expired>" },
  ),
  refusedJoin(
    "no-jwt",
    "a token that is not a JWT is refused",
    "MalformedJWT: The token provided is not a valid JWT",
    { access_token: "not-a-token" },
  ),
  refusedJoin(
    "wrong-secret",
    "a token signed with another secret is refused",
    "JwtSignatureError: Failed to validate JWT signature",
    { access_token: "<token:wrong-secret>" },
  ),
];
