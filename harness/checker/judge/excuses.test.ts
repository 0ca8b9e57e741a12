import { describe, expect, it } from "vitest";
import type { DisconnectedObservation, Observation } from "../../history/observation.ts";
import {
  DRAIN_ENDED_MS,
  session,
  planned,
  connected,
  disconnected,
  published,
  received,
  pipeline,
  started,
  judge,
  causesOf,
} from "../test-support/story.ts";

describe("a stream's last moments", () => {
  const lostBeforeTheEnd = (reason: DisconnectedObservation["reason"], endedMs: number) => {
    const story = [
      planned(1),
      started,
      connected(1000),
      published(1, 2000),
      disconnected(endedMs, reason),
    ];
    return causesOf(judge([...story, connected(endedMs + 50, { connection: 2 })]));
  };
  const inFlight = { "in-flight-at-disconnect": 1 };

  it.each([
    ["reset", "error", 1000],
    ["closed in order", "ended", 250],
    ["closed after a reconnect hint", "hint", 250],
  ] as const)("when it was %s (%s), are its last %i ms", (_, reason, noticeMs) => {
    expect(lostBeforeTheEnd(reason, 2000 + noticeMs)).toEqual(inFlight);
    expect(lostBeforeTheEnd(reason, 2000 + noticeMs + 1)).toEqual({ unexplained: 1 });
  });

  it("do not excuse a loss before a later event on the same stream", () => {
    const story = [planned(2), started, connected(1000), published(1, 2000), published(2, 2001)];
    const result = judge([...story, received(2, 2002), disconnected(2010, "error")]);
    expect(causesOf(result)).toEqual({ unexplained: 1 });
  });

  it("also cover the publisher's end, from 5 ms before the publication (clock tolerance)", () => {
    const endedAt = (atMs: number) =>
      causesOf(
        judge([
          ...[planned(1), started, connected(1000), published(1, 2000)],
          ...[
            { type: "instance", instance: "a", state: "killed", atMs } as const,
            { type: "broker", instance: "a", state: "up", atMs: atMs + 0.5 } as const,
          ],
        ]),
      );
    expect(endedAt(1994)).toEqual({ unexplained: 1 });
    expect(endedAt(1995)).toEqual(inFlight);
    expect(endedAt(2000)).toEqual(inFlight);
    expect(endedAt(3000)).toEqual(inFlight);
    expect(endedAt(3001)).toEqual({ unexplained: 1 });
  });
});

describe("a cut stream without a successor", () => {
  const failed = (atMs: number, fatal: boolean): Observation => ({
    type: "connect-failed",
    session,
    connection: 2,
    status: 503,
    reason: "status 503",
    fatal,
    atMs,
  });
  const bounce = (state: "started" | "ended", atMs: number): Observation => ({
    type: "bounce",
    bounce: 1,
    kind: "crash",
    target: "b",
    state,
    atMs,
  });
  const accused = (...observations: Observation[]): boolean =>
    judge([planned(1), started, connected(1000), ...observations]).reasons.some((reason) =>
      reason.startsWith("1 cut stream never came back"),
    );

  it("counts against the topology once its client must have tried again", () => {
    expect(accused(disconnected(DRAIN_ENDED_MS - 6000, "error"), failed(4000, false))).toBe(true);
    expect(accused(disconnected(DRAIN_ENDED_MS - 5999, "error"), failed(4000, false))).toBe(false);
  });

  it("gets that time from the end of its bounce", () => {
    const cut = [bounce("started", 1900), disconnected(2000, "error")];
    expect(accused(...cut, bounce("ended", DRAIN_ENDED_MS - 6000))).toBe(true);
    expect(accused(...cut, bounce("ended", DRAIN_ENDED_MS - 5999))).toBe(false);
  });

  it("does not count if its client model gave up or the stream came back", () => {
    const cut = disconnected(2000, "error");
    expect(accused(cut, failed(2100, true))).toBe(false);
    expect(accused(cut, connected(2500, { connection: 2 }))).toBe(false);
    expect(accused(cut, failed(1900, true))).toBe(true);
  });
});

describe("a session that never started under a bounce", () => {
  const promise = {
    allowedCauses: [],
    neverPublishedAllowed: true,
    routedByChance: false,
    sentence: "",
  };
  const story = (...answers: Observation[]): string[] =>
    judge([
      {
        ...{ type: "run", topology: "example", bounce: "crash", repeat: 1, seed: 1, replicas: 2 },
        ...{ atMs: 0, startedAt: "", promise, notes: [] },
        load: { sessions: 1, eventsPerSecond: 1, durationS: 1, gates: 0 },
      },
      planned(3),
      { type: "bounce", bounce: 1, kind: "crash", target: "b", state: "started", atMs: 2000 },
      ...answers,
    ]).reasons;
  const answer = (request: "create" | "start", status: number, atMs: number): Observation => ({
    type: "request",
    session,
    request,
    status,
    atMs,
  });
  const refused =
    "1 session was refused, so its pipeline did not start in time: 1 with status 429.";
  const kept: unknown = expect.stringMatching(/^1 session could not start before the drain/);
  const unexcused: unknown = expect.stringMatching(
    /^3 pairs were never published.*no bounce prevented it/,
  );

  it.each([
    ["was last refused", [answer("create", 503, 2100), answer("create", 429, 2200)], refused],
    ["last got no answer", [answer("create", 429, 2100), answer("create", 0, 2200)], kept],
    ["got 5xx only before the bounce", [answer("create", 503, 1999)], unexcused],
    ["was created but never answered again", [answer("create", 201, 1500)], unexcused],
    ["had its start refused", [connected(1500), answer("start", 429, 2200)], refused],
    [
      "had a start accepted",
      [connected(1500), answer("start", 503, 2100), answer("start", 202, 2200)],
      unexcused,
    ],
  ])("and %s gets only its own reason", (_, answers, sentence) => {
    const reasons = story(...answers);
    expect(reasons).toContainEqual(sentence);
    for (const other of [refused, kept, unexcused]) {
      if (other !== sentence) expect(reasons).not.toContainEqual(other);
    }
  });
});

describe("a pipeline that outlived the load", () => {
  const began = (atMs: number, bounced: boolean): string =>
    judge([
      planned(3),
      ...(bounced
        ? ([
            { type: "bounce", bounce: 1, kind: "crash", target: "b", state: "started", atMs: 2000 },
            { type: "bounce", bounce: 1, kind: "crash", target: "b", state: "ended", atMs: 2500 },
          ] as const)
        : []),
      connected(2100),
      pipeline("started", atMs),
    ]).reasons.join("\n");
  const undecided = "3 pairs cannot be judged";
  const kept = "1 session could not start before the drain, or not early enough to end by then";

  it("is the bounce's doing if the session had to wait for its start", () => {
    expect(began(2600, true)).toContain(kept);
    expect(began(2600, true)).not.toContain(undecided);
  });

  it("is undecided without a bounce, and if it began in time", () => {
    expect(began(2600, false)).toContain(undecided);
    expect(began(1900, true)).toContain(undecided);
    expect(began(1900, true)).not.toContain(kept);
  });
});

describe("a component that ended by itself", () => {
  it("is reported with its time relative to the load", () => {
    const exit = (part: string, atMs: number): Observation => ({ type: "part-exit", part, atMs });
    const told = (...exits: Observation[]) =>
      judge(exits).reasons.find((reason) => reason.includes("by itself"));
    expect(told(exit("valkey", 4500), exit("traefik", 3250))).toBe(
      "Component traefik ended by itself 2.3 s after the load began, although no bounce " +
        "targets it.",
    );
    expect(told(exit("traefik", 500))).toBe(
      "Component traefik ended by itself 0.5 s before the load began, although no bounce " +
        "targets it.",
    );
    expect(told(exit("traefik", DRAIN_ENDED_MS))).toBeUndefined();
  });
});

describe("a gap that the server declared", () => {
  it.each([
    ["window-exceeded", "replay-window-exceeded"],
    ["epoch-changed", "epoch-changed"],
    ["log-lost", "log-lost"],
    ["not-kept", "broker-gap"],
  ])("for the reason %s is the cause %s of what it left out", (reason, cause) => {
    const gap: Observation = { type: "replay-gap", session, connection: 1, reason, atMs: 2500 };
    const story = [planned(2), started, connected(1000), published(1, 2000), gap];
    expect(causesOf(judge([...story, published(2, 2600), received(2, 2601)]))).toEqual({
      [cause]: 1,
    });
    // It says nothing of what was published after it.
    expect(causesOf(judge([...story, received(1, 2001), published(2, 2600)]))).toEqual({
      unexplained: 1,
    });
  });
});
