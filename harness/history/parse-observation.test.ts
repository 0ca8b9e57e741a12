import { describe, expect, it } from "vitest";
import { OBSERVATION_SHAPES } from "./observation-shapes.ts";
import { parseObservation } from "./parse-observation.ts";

/** One whole record of each type, optional fields included. */
const WHOLE: Record<keyof typeof OBSERVATION_SHAPES, Record<string, unknown>> = {
  run: {
    topology: "example",
    bounce: "none",
    repeat: 1,
    seed: 1,
    replicas: 2,
    atMs: 1.5,
    startedAt: "2026-01-01T00:00:00.000Z",
    promise: {
      allowedCauses: ["no-route"],
      neverPublishedAllowed: true,
      routedByChance: false,
      allowedDuplicates: "after-reconnect",
      sentence: "",
    },
    load: {
      sessions: 1,
      eventsPerSecond: 0.5,
      durationS: 2,
      gates: 0,
      arrival: "stationary",
      pipelineS: 8,
      warmUpS: 4,
    },
    order: 1,
    notes: ["A note."],
    realtime: {
      part: "realtime-standin",
      standIn: true,
      plan: "none",
      publish: "http",
      catchUp: false,
      frontEnd: { minifiedBytes: 2, gzippedBytes: 1 },
    },
    withoutLedger: { sequence: true, total: false, terminal: true },
  },
  terminal: { session: "s0", connection: 1, atMs: 1 },
  planned: { session: "s0", events: 3, arriveMs: 1 },
  connected: {
    session: "s0",
    connection: 1,
    instance: "a",
    subscribedMs: 1,
    resume: "none",
    attemptMs: 1,
    atMs: 1,
  },
  disconnected: { session: "s0", connection: 1, reason: "ended", detail: "", atMs: 1 },
  "connect-failed": {
    session: "s0",
    connection: 1,
    status: 502,
    reason: "",
    quota: true,
    fatal: false,
    attemptMs: 1,
    atMs: 1,
  },
  received: {
    session: "s0",
    connection: 1,
    epoch: "e1",
    seq: 1,
    terminal: true,
    sentMs: 1,
    publishedMs: 1,
    total: 3,
    atMs: 1,
  },
  misfit: { session: "s1", key: "events.sequence", message: "no number", atMs: 1 },
  stray: { session: "s1", connection: 1, name: "message", atMs: 1 },
  "replay-gap": { session: "s1", connection: 1, reason: "window-exceeded", atMs: 1 },
  request: {
    session: "s0",
    request: "create",
    status: 201,
    instance: "a",
    sessionId: "x",
    reason: "",
    attempt: 1,
    sentMs: 1,
    atMs: 1,
  },
  published: {
    session: "s0",
    epoch: "e1",
    seq: 1,
    terminal: true,
    instance: "a",
    intendedMs: 1,
    atMs: 1,
    route: "local",
  },
  dropped: { session: "s0", epoch: "e1", seq: 1, instance: "a", reason: "quota", atMs: 1 },
  pipeline: {
    session: "s0",
    epoch: "e1",
    instance: "a",
    state: "aborted",
    total: 3,
    reason: "",
    atMs: 1,
  },
  gate: { session: "s0", gate: "g1", state: "answered", status: 202, atMs: 1 },
  broker: { instance: "a", state: "up", atMs: 1 },
  ledger: { instance: "a", state: "torn", records: 0 },
  bounce: { bounce: 1, kind: "crash", target: "a", state: "ended", error: "", atMs: 1 },
  step: { step: 1, name: "flag on", state: "ended", allowedCauses: ["no-route"], atMs: 1 },
  instance: { instance: "a", state: "not-ready", atMs: 1 },
  "part-exit": { part: "traefik", atMs: 1 },
  usage: {
    part: "server-1",
    role: "server",
    incarnation: "c0ffee",
    source: "cgroup",
    cpuSeconds: 1.25,
    memoryBytes: 40_000_000,
    socketMemoryBytes: 8192,
    receivedBytes: 100,
    sentBytes: 2000,
    atMs: 1,
  },
  phase: { phase: "measured", atMs: 1 },
  host: { cpuBusyShare: 0.5, stealShare: 0.01, pressureShare: 0.2, runnable: 3, atMs: 1 },
  engine: {
    lagMs: { p99: 1, max: 2 },
    utilisation: 0.5,
    cpuSeconds: 1,
    rssBytes: 1,
    workers: 1,
    publishClockErrorMs: null,
  },
};
const CASES = Object.entries(WHOLE).map(([type, fields]) => [type, { type, ...fields }] as const);

describe("a line of the history", () => {
  it.each(CASES)("of type %s is read as it was written", (_, whole) => {
    expect(parseObservation(JSON.stringify(whole))).toEqual(whole);
  });

  it.each(CASES)("of type %s is refused when a field has the wrong type", (type, whole) => {
    for (const [name, value] of Object.entries<unknown>(whole)) {
      if (name === "type") continue;
      const wrong = JSON.stringify({ ...whole, [name]: value === null ? "soon" : null });
      expect(() => parseObservation(wrong), name).toThrow(`${type}: ${name} must be`);
    }
  });

  it.each(CASES)("of type %s may lack optional fields and no others", (type, whole) => {
    for (const [name, check] of Object.entries(OBSERVATION_SHAPES[type as keyof typeof WHOLE])) {
      const without = JSON.stringify({ ...whole, [name]: undefined });
      if (check.optional) expect(() => parseObservation(without), name).not.toThrow();
      else expect(() => parseObservation(without), name).toThrow("is missing");
    }
  });

  it("may hold fields that this version does not know", () => {
    expect(() =>
      parseObservation('{"type":"broker","instance":"a","state":"up","atMs":1,"new":1}'),
    ).not.toThrow();
  });

  it.each([
    ["not JSON", '{"type":', "is not JSON"],
    ["empty", "", "is not JSON"],
    ["no object", "7", "is not an object"],
    ["of no type", "{}", "has an unknown type: undefined"],
    ["of an unknown type", '{"type":"recieved"}', "has an unknown type: recieved"],
    ["of an inherited type", '{"type":"constructor"}', "has an unknown type: constructor"],
    [
      "with an infinite time",
      '{"type":"broker","instance":"a","state":"up","atMs":1e999}',
      "a finite number",
    ],
    [
      "with a broken number",
      '{"type":"planned","session":"s0","events":1.5,"arriveMs":1}',
      "a whole number",
    ],
    [
      "with a plan that no server accepts, and that takes for ever to judge",
      '{"type":"planned","session":"s0","events":9e15,"arriveMs":1}',
      "events must be a whole number from 0 to 1000000",
    ],
    [
      "with a cost below nothing",
      '{"type":"usage","part":"a","role":"server","incarnation":"1","source":"procfs",' +
        '"cpuSeconds":-1,"memoryBytes":1,"atMs":1}',
      "cpuSeconds must be a finite number, 0 or more",
    ],
    [
      "with an unknown word in a nested field",
      '{"type":"run","topology":"x","bounce":"none","repeat":1,"seed":1,"replicas":1,"atMs":1,' +
        '"startedAt":"","promise":{"allowedCauses":[],"neverPublishedAllowed":false,' +
        '"routedByChance":false,"allowedDuplicates":"any","sentence":""},"load":{},"notes":[]}',
      "allowedDuplicates (one of none, after-reconnect, optional)",
    ],
    [
      "with a share above 1",
      '{"type":"host","cpuBusyShare":1.5,"stealShare":0,"atMs":1}',
      "cpuBusyShare must be a number from 0 to 1",
    ],
    [
      "with an unknown word",
      '{"type":"broker","instance":"a","state":"UP","atMs":1}',
      "one of up, down, limited",
    ],
  ])("is refused when it is %s", (_, line, reason) => {
    expect(() => parseObservation(line)).toThrow(reason);
  });
});
