/** Private channels under the lab's policy: a session reads its own channel and writes nothing. */
import { VSNS } from "../frames.ts";
import { type ConformanceCase, type Step, vsnName } from "../conformance-case.ts";
import { matching } from "../pattern.ts";
import { batch, broadcast, ended, hears, leave, OK, push, reply, say } from "./messages.ts";

const P = "realtime:<private>";
const needs = ["private"] as const;

const publish = (event: string, isPrivate: boolean, token = "service"): Step => ({
  ...batch({ topic: "<private>", event, payload: {}, private: isPrivate }),
  token,
});
const joinPrivate = (name: string): Step => ({ join: name, topic: "<private>", private: true });
const own: readonly Step[] = [{ open: "a", token: "session" }, joinPrivate("a")];
const next = (name: string, event: string): Step => hears(name, broadcast(event), P);

const mayNotJoin = (id: string, title: string, token: string): ConformanceCase => ({
  id: `private-${id}`,
  section: "§1.4",
  title,
  needs,
  run: [
    { open: "a", token },
    {
      ...joinPrivate("a"),
      denied:
        "Unauthorized: You do not have permissions to read from this Channel topic: <private>",
    },
    publish("e", true),
    { quiet: "a" },
  ],
});

export const privateCases: readonly ConformanceCase[] = [
  ...VSNS.map((vsn): ConformanceCase => ({
    id: `private-own-${vsnName(vsn)}`,
    section: "§1.4",
    title: `version ${vsn}: a session's token opens its channel, which gets the service's messages`,
    needs,
    run: [
      { open: "a", vsn, token: "session" },
      joinPrivate("a"),
      publish("e", true),
      next("a", "e"),
      { quiet: "a" },
    ],
  })),
  mayNotJoin("other-session", "the channel of another session is refused", "other-session"),
  mayNotJoin("anon", "a role that the policy does not name is refused", "anon"),
  {
    id: "private-service",
    section: "§4",
    title: "service_role opens any private topic and publishes to it over WebSocket",
    needs,
    run: [
      ...own,
      { open: "service" },
      { join: "service", topic: "<private>", private: true, broadcast: { ack: true } },
      say("service", "2", broadcast("e"), P),
      { receive: "service", message: reply("2", OK, P) },
      next("a", "e"),
    ],
  },
  {
    id: "private-public-apart",
    section: "§1.4",
    title: "a public and a private channel of the same name are two topics",
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
    title: "what a session publishes over WebSocket is dropped without a reply, even with ack",
    needs,
    run: [
      { open: "service" },
      joinPrivate("service"),
      { open: "a", token: "session" },
      { join: "a", topic: "<private>", private: true, broadcast: { ack: true } },
      say("a", "2", broadcast("forbidden"), P),
      { send: "a", push: push(P, "forbidden", {}) },
      // The channel answers this after it has handled the two broadcasts.
      ...leave("a", "4", P),
      publish("marker", true),
      next("service", "marker"),
    ],
  },
  {
    id: "private-batch-denied",
    section: "§2",
    title: "what a session publishes over HTTP gets 202 and reaches no one",
    needs,
    run: [
      ...own,
      publish("forbidden", true, "session"),
      publish("marker", true),
      next("a", "marker"),
    ],
  },
  {
    id: "private-refresh-kept",
    section: "§1.5",
    title: "a newer token of the same session keeps its channel",
    needs,
    tokens: { newer: { role: "sse_page", session: "<session>", expiresInS: 1800 } },
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
    title: "a newer token of another session ends the channel",
    needs,
    run: [
      ...own,
      {
        send: "a",
        message: ["1", "2", P, "access_token", { access_token: "<token:other-session>" }],
      },
      ...ended(
        "a",
        "<private>",
        matching(
          /^You (do not have permissions|no longer have permission) to read from this Channel topic: sse:session:/,
        ),
      ),
      publish("e", true),
      { quiet: "a" },
    ],
  },
];
