/**
 * The fields of each observation type, as data. The compiler refuses a table that lacks a field of
 * `observation.ts` or mistakes an optional one; {@link parseObservation} checks every line with it.
 */
import { BOUNCE_KINDS, CAUSES, PHASES } from "./observation.ts";
import type { Observation } from "./observation.ts";

export interface FieldCheck {
  accepts: (value: unknown) => boolean;
  /** Completes "must be ...". */
  expected: string;
  optional: boolean;
}
type Required = FieldCheck & { optional: false };
type Optional = FieldCheck & { optional: true };

const field = (expected: string, accepts: (value: unknown) => boolean): Required => ({
  accepts,
  expected,
  optional: false,
});
const optional = (check: Required): Optional => ({ ...check, optional: true });
const oneOf = (values: readonly string[]): Required => {
  const known: ReadonlySet<unknown> = new Set(values);
  return field(`one of ${values.join(", ")}`, (value) => known.has(value));
};
const object = (fields: Readonly<Record<string, FieldCheck>>): Required => {
  const checks = Object.entries(fields);
  const expected = checks
    .map(([name, check]) => `${name} (${check.expected}${check.optional ? ", optional" : ""})`)
    .join(", ");
  return field(`an object with ${expected}`, (value) => {
    if (typeof value !== "object" || value === null) return false;
    const found = value as Record<string, unknown>;
    return checks.every(([name, check]) =>
      found[name] === undefined ? check.optional : check.accepts(found[name]),
    );
  });
};

// Number.isFinite, because JSON's 1e999 is Infinity, which breaks every later comparison.
const number = field("a finite number", (value) => Number.isFinite(value));
const amount = field(
  "a finite number, 0 or more",
  (value) => Number.isFinite(value) && (value as number) >= 0,
);
const share = field(
  "a number from 0 to 1",
  (value) => Number.isFinite(value) && (value as number) >= 0 && (value as number) <= 1,
);
const numberOrNull = field(
  "a finite number or null",
  (value) => value === null || Number.isFinite(value),
);
const count = field(
  "a whole number, 0 or more",
  (value) => Number.isInteger(value) && (value as number) >= 0,
);
/** The longest plan that a server accepts. Judging takes time in proportion to it. */
const MAX_EVENTS = 1_000_000;
const planLength = field(
  `a whole number from 0 to ${MAX_EVENTS}`,
  (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_EVENTS,
);
const ordinal = field(
  "a whole number, 1 or more",
  (value) => Number.isInteger(value) && (value as number) >= 1,
);
const text = field("a string", (value) => typeof value === "string");
const name = field(
  "a string that is not empty",
  (value) => typeof value === "string" && value !== "",
);
const flag = field("true or false", (value) => typeof value === "boolean");
const texts = field(
  "a list of strings",
  (value) => Array.isArray(value) && value.every((entry) => typeof entry === "string"),
);
const causes = field(
  `a list of causes (${CAUSES.join(", ")})`,
  (value) =>
    Array.isArray(value) && value.every((entry) => (CAUSES as readonly unknown[]).includes(entry)),
);

type ShapeOf<O> = {
  [K in Exclude<keyof O, "type">]-?: object extends Pick<O, K> ? Optional : Required;
};
type Shapes = { [T in Observation["type"]]: ShapeOf<Extract<Observation, { type: T }>> };

export const OBSERVATION_SHAPES: Shapes = {
  run: {
    topology: name,
    bounce: oneOf(BOUNCE_KINDS),
    repeat: ordinal,
    seed: number,
    replicas: ordinal,
    atMs: number,
    startedAt: text,
    promise: object({
      allowedCauses: causes,
      neverPublishedAllowed: flag,
      routedByChance: flag,
      allowedDuplicates: optional(oneOf(["none", "after-reconnect"])),
      sentence: text,
    }),
    load: object({
      sessions: count,
      eventsPerSecond: number,
      durationS: number,
      gates: count,
      arrival: optional(oneOf(["stationary", "ramp"])),
      pipelineS: optional(amount),
      warmUpS: optional(amount),
    }),
    order: optional(ordinal),
    notes: texts,
    realtime: optional(
      object({
        part: name,
        standIn: flag,
        plan: name,
        publish: oneOf(["http", "websocket"]),
        catchUp: flag,
        frontEnd: object({ minifiedBytes: count, gzippedBytes: count }),
      }),
    ),
    withoutLedger: optional(object({ sequence: flag, total: flag, terminal: flag })),
  },
  planned: { session: name, events: planLength, arriveMs: number },
  connected: {
    session: name,
    connection: ordinal,
    instance: optional(name),
    subscribedMs: number,
    resume: text,
    attemptMs: optional(number),
    atMs: number,
  },
  disconnected: {
    session: name,
    connection: ordinal,
    reason: oneOf(["ended", "error", "hint", "quota", "finished", "drained"]),
    detail: optional(text),
    atMs: number,
  },
  "connect-failed": {
    session: name,
    connection: ordinal,
    status: count,
    reason: text,
    quota: optional(flag),
    fatal: flag,
    attemptMs: optional(number),
    atMs: number,
  },
  received: {
    session: name,
    connection: ordinal,
    epoch: name,
    seq: count,
    terminal: optional(flag),
    sentMs: optional(number),
    publishedMs: optional(number),
    total: optional(count),
    atMs: number,
  },
  terminal: { session: name, connection: ordinal, atMs: number },
  misfit: { session: name, key: text, message: text, atMs: number },
  stray: { session: name, connection: ordinal, name: text, atMs: number },
  "replay-gap": { session: name, connection: ordinal, reason: text, atMs: number },
  request: {
    session: name,
    request: oneOf(["create", "start", "gate", "background", "token", "log"]),
    status: count,
    instance: optional(name),
    sessionId: optional(name),
    reason: optional(text),
    attempt: optional(ordinal),
    sentMs: optional(number),
    atMs: number,
  },
  published: {
    session: name,
    epoch: name,
    seq: count,
    terminal: optional(flag),
    instance: name,
    intendedMs: number,
    atMs: number,
    route: oneOf(["local", "broker", "fallback"]),
  },
  dropped: {
    session: name,
    epoch: name,
    seq: count,
    instance: name,
    reason: oneOf(["quota", "outage", "refused", "fenced"]),
    atMs: number,
  },
  pipeline: {
    session: name,
    epoch: name,
    instance: name,
    state: oneOf(["started", "completed", "aborted", "handed-over", "resumed"]),
    total: count,
    reason: optional(text),
    atMs: number,
  },
  gate: {
    session: name,
    gate: name,
    state: oneOf(["offered", "answered", "reached"]),
    status: optional(count),
    atMs: number,
  },
  broker: { instance: name, state: oneOf(["up", "down", "limited"]), atMs: number },
  ledger: { instance: name, state: oneOf(["read", "torn", "missing"]), records: count },
  bounce: {
    bounce: ordinal,
    kind: oneOf(BOUNCE_KINDS),
    target: text,
    state: oneOf(["started", "ended"]),
    error: optional(text),
    atMs: number,
  },
  step: {
    step: ordinal,
    name: text,
    state: oneOf(["started", "ended"]),
    allowedCauses: causes,
    atMs: number,
  },
  instance: {
    instance: name,
    state: oneOf(["started", "ready", "not-ready", "stopped", "killed"]),
    atMs: number,
  },
  "part-exit": { part: name, atMs: number },
  usage: {
    part: name,
    role: oneOf(["server", "router", "broker"]),
    incarnation: name,
    source: oneOf(["cgroup", "procfs"]),
    cpuSeconds: amount,
    memoryBytes: amount,
    socketMemoryBytes: optional(amount),
    receivedBytes: optional(amount),
    sentBytes: optional(amount),
    atMs: number,
  },
  phase: { phase: oneOf(PHASES), atMs: number },
  host: {
    cpuBusyShare: share,
    stealShare: share,
    pressureShare: optional(share),
    runnable: optional(count),
    atMs: number,
  },
  engine: {
    lagMs: object({ p99: number, max: number }),
    utilisation: optional(number),
    cpuSeconds: optional(number),
    rssBytes: optional(number),
    workers: count,
    clockErrorMs: optional(numberOrNull),
    publishClockErrorMs: optional(numberOrNull),
  },
};
