/** Private channels under the lab's policy: a session reads its own channel, writes nothing, and sees nobody else's. */
import { VSNS } from "../frames.ts";
import { type ConformanceCase, type Step, vsnName } from "../conformance-case.ts";
import { matching } from "../pattern.ts";

const P = "realtime:<private>";
const OK = { status: "ok", response: {} };
const needs = ["private"] as const;
const denied = "Unauthorized: You do not have permissions to read from this Channel topic: <private>";
const message = (event: string) => ({ type: "broadcast", event, payload: { n: 1 } });

const publish = (event: string, isPrivate: boolean, token = "service"): Step => ({
  http: "POST",
  path: "/api/broadcast",
  token,
  json: { messages: [{ topic: "<private>", event, payload: { n: 1 }, private: isPrivate }] },
  status: 202,
});
const own: Step[] = [
  { open: "a", token: "session" },
  { join: "a", topic: "<private>", private: true },
];
const next = (name: string, event: string): Step => ({
  receive: name,
  message: [null, null, P, "broadcast", message(event)],
});

const mayNotJoin = (id: string, title: string, token: string): ConformanceCase => ({
  id: `private-${id}`,
  section: "§1.4",
  title,
  needs,
  run: [
    { open: "a", token },
    { join: "a", topic: "<private>", private: true, denied },
    publish("e", true),
    // Nor does a refused channel get anything.
    { quiet: "a" },
  ],
});

export const privateCases: readonly ConformanceCase[] = [
  ...VSNS.map((vsn): ConformanceCase => ({
    id: `private-own-${vsnName(vsn)}`,
    section: "§1.4",
    title: `version ${vsn}: a session's token opens its own channel, which gets what the service publishes`,
    needs,
    run: [
      { open: "a", vsn, token: "session" },
      { join: "a", topic: "<private>", private: true },
      publish("e", true),
      next("a", "e"),
      { quiet: "a" },
    ],
  })),
  mayNotJoin("other-session", "someone else's channel is refused", "other-session"),
  mayNotJoin("anon", "a role that the policy does not name is refused", "anon"),
  {
    id: "private-other-topic",
    section: "§1.4",
    title: "a session's token opens no other private topic",
    needs,
    run: [
      { open: "a", token: "session" },
      {
        join: "a",
        private: true,
        denied: "Unauthorized: You do not have permissions to read from this Channel topic: <topic>",
      },
    ],
  },
  {
    id: "private-boolean-text",
    section: "§1.4",
    title: 'private: "true" is private',
    needs,
    run: [
      { open: "a", token: "other-session" },
      {
        send: "a",
        message: [
          "1",
          "1",
          P,
          "phx_join",
          {
            config: { broadcast: {}, presence: { enabled: false }, private: "true" },
            access_token: "<token:other-session>",
          },
        ],
      },
      {
        receive: "a",
        message: ["1", "1", P, "phx_reply", { status: "error", response: { reason: denied } }],
      },
    ],
  },
  {
    id: "private-service",
    section: "§4",
    title: "service_role opens any private topic and publishes to it by WebSocket",
    needs,
    run: [
      ...own,
      { open: "service" },
      { join: "service", topic: "<private>", private: true, broadcast: { ack: true } },
      { send: "service", message: ["1", "2", P, "broadcast", message("e")] },
      { receive: "service", message: ["1", "2", P, "phx_reply", OK] },
      next("a", "e"),
    ],
  },
  {
    id: "private-public-apart",
    section: "§1.4",
    title: "a public and a private channel of one name are two topics",
    needs,
    run: [
      ...own,
      { open: "public", token: "anon" },
      { join: "public", topic: "<private>" },
      publish("to-public", false),
      publish("to-private", true),
      publish("to-public-too", false),
      next("a", "to-private"),
      { quiet: "a" },
      next("public", "to-public"),
      next("public", "to-public-too"),
    ],
  },
  {
    id: "private-ws-write-denied",
    section: "§1.6",
    title: "what a session publishes by WebSocket goes nowhere, without a word even with ack",
    needs,
    run: [
      { open: "service" },
      { join: "service", topic: "<private>", private: true },
      { open: "a", token: "session" },
      { join: "a", topic: "<private>", private: true, broadcast: { ack: true } },
      { send: "a", message: ["1", "2", P, "broadcast", message("forbidden")] },
      {
        send: "a",
        push: { joinRef: "1", ref: "3", topic: P, event: "forbidden", encoding: "json", payload: "{}" },
      },
      // The channel answers this one after it has dealt with the two.
      { send: "a", message: ["1", "4", P, "phx_leave", {}] },
      { receive: "a", message: ["1", "4", P, "phx_reply", OK] },
      { receive: "a", message: ["1", "1", P, "phx_close", {}] },
      publish("marker", true),
      next("service", "marker"),
    ],
  },
  {
    id: "private-batch-denied",
    section: "§2",
    title: "what a session publishes by HTTP in a batch is answered with 202, and goes nowhere",
    needs,
    run: [...own, publish("forbidden", true, "session"), publish("marker", true), next("a", "marker")],
  },
  {
    id: "private-single-denied",
    section: "§2",
    title: "what a session publishes by HTTP as a single message is refused with 403",
    needs,
    run: [
      ...own,
      {
        http: "POST",
        path: "/api/broadcast/<private>/events/forbidden?private=true",
        token: "session",
        json: { n: 1 },
        status: 403,
        answers: { message: "Unauthorized" },
      },
      publish("marker", true),
      next("a", "marker"),
    ],
  },
  {
    id: "private-single",
    section: "§2",
    title: "what the service publishes by HTTP as a single private message arrives as binary",
    needs,
    run: [
      ...own,
      { http: "POST", path: "/api/broadcast/<private>/events/e?private=true", json: { n: 1 }, status: 202 },
      { receive: "a", binary: { topic: P, event: "e", encoding: "json", payload: { n: 1 } } },
    ],
  },
  {
    id: "private-batch-parts",
    section: "§2",
    title: "of a batch, what the sender may publish arrives, and the rest does not",
    needs,
    run: [
      ...own,
      { open: "public" },
      { join: "public" },
      {
        http: "POST",
        path: "/api/broadcast",
        token: "session",
        json: {
          messages: [
            { topic: "<private>", event: "forbidden", payload: {}, private: true },
            { topic: "<topic>", event: "e", payload: { n: 1 } },
          ],
        },
        status: 202,
      },
      { receive: "public", message: [null, null, "realtime:<topic>", "broadcast", message("e")] },
      publish("marker", true),
      next("a", "marker"),
    ],
  },
  {
    id: "private-refresh-kept",
    section: "§1.5",
    title: "a newer token of the same session keeps its channel",
    needs,
    tokens: { newer: { role: "authenticated", session: "<session>", expiresInS: 1800 } },
    run: [
      ...own,
      { send: "a", message: ["1", "2", P, "access_token", { access_token: "<token:newer>" }] },
      { quiet: "a" },
      publish("e", true),
      next("a", "e"),
    ],
  },
  {
    id: "private-refresh-other",
    section: "§1.5",
    title: "a newer token of someone else's ends the channel",
    needs,
    run: [
      ...own,
      { send: "a", message: ["1", "2", P, "access_token", { access_token: "<token:other-session>" }] },
      {
        receive: "a",
        message: [
          "1",
          null,
          P,
          "system",
          {
            extension: "system",
            status: "error",
            message: matching(
              /^You (do not have permissions|no longer have permission) to read from this Channel topic: sse:session:/,
            ),
            channel: "<private>",
          },
        ],
      },
      { receive: "a", message: ["1", "1", P, "phx_close", {}] },
      publish("e", true),
      { quiet: "a" },
    ],
  },
];
