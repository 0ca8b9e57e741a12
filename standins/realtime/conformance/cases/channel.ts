/** A joined channel: heartbeats, leaving, and its token. */
import { VSNS } from "../frames.ts";
import { type ConformanceCase, vsnName } from "../conformance-case.ts";
import { matching } from "../pattern.ts";
import { broadcast, denied, ended, hears, leave, marker, OK, reply, say, T } from "./messages.ts";

const EXPIRED = matching(/^Token has expired \d+ seconds ago$/);

export const channelCases: readonly ConformanceCase[] = [
  ...VSNS.flatMap((vsn): ConformanceCase[] => [
    {
      id: `heartbeat-${vsnName(vsn)}`,
      section: "§1.5",
      title: `version ${vsn}: the server answers a heartbeat`,
      run: [
        { open: "a", vsn },
        { send: "a", message: [null, "41", "phoenix", "heartbeat", {}] },
        { receive: "a", message: [null, "41", "phoenix", "phx_reply", OK] },
      ],
    },
    {
      id: `leave-${vsnName(vsn)}`,
      section: "§1.5",
      title: `version ${vsn}: the server answers a leave, then closes the channel`,
      settles: true,
      run: [{ open: "a", vsn }, { join: "a" }, ...leave("a", "2"), { quiet: "a" }],
    },
  ]),
  {
    id: "leave-ends-delivery",
    section: "§1.5",
    title: "after a leave the channel gets nothing more, and can be joined again",
    run: [
      { open: "a" },
      { open: "b" },
      { join: "a" },
      { join: "b" },
      ...leave("a", "2"),
      ...marker("b"),
      { join: "a", ref: "3" },
      ...marker("a", "b"),
    ],
  },
  {
    id: "unmatched-event",
    section: "§1.5",
    title: "a broadcast on a topic that is not joined is unmatched, without join_ref",
    settles: true,
    run: [
      { open: "a" },
      say("a", "2", broadcast("e")),
      { receive: "a", message: [null, "2", T, "phx_reply", denied("unmatched topic")] },
      { quiet: "a" },
    ],
  },
  {
    id: "stale-join-ref",
    section: "§1.5",
    title: "the server drops a message with the join_ref of an earlier join",
    run: [
      { open: "a" },
      { open: "b" },
      { join: "a", broadcast: { ack: true } },
      { join: "b" },
      { send: "a", message: ["0", "2", T, "broadcast", broadcast("stale")] },
      say("a", "3", broadcast("e")),
      { receive: "a", message: reply("3", OK) },
      hears("b", broadcast("e")),
    ],
  },
  {
    id: "token-expires",
    section: "§1.5",
    title: "a channel ends with its token, and the socket stays",
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
      // The end of a channel that keeps the old token shows that the time is over.
      { open: "b" },
      { join: "b", topic: "<topic>-b", token: "short" },
      ...ended("b", "<topic>-b", EXPIRED, 20_000),
      ...marker("a"),
    ],
  },
  {
    id: "token-refresh-expired",
    section: "§1.5",
    title: "an expired new token ends the channel",
    run: [
      { open: "a" },
      { join: "a" },
      { send: "a", message: ["1", "2", T, "access_token", { access_token: "<token:expired>" }] },
      ...ended("a", "<topic>", EXPIRED),
    ],
  },
];
