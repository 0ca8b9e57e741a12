/** Sessions whose story is known without the checker, as arbitrary values. */
import fc from "fast-check";
import type { Observation } from "../../history/observation.ts";
import { NOTICE_MS } from "../thresholds.ts";

/** One session's story, told so that what must come out of it is known without the checker. */
export interface Story {
  events: number;
  /** Events from this number on were never published: the instance died. */
  diesBefore: number;
  /** The stream is away for the publications from `awayFrom` up to, not including, `backAt`. */
  awayFrom: number;
  backAt: number;
  /** The next stream replays what was missed. */
  replays: boolean;
  /** Dropped without any reason, while the stream was up. */
  dropped: ReadonlySet<number>;
  receivedTwice: ReadonlySet<number>;
}

export const story: fc.Arbitrary<Story> = fc
  .record({
    events: fc.integer({ min: 1, max: 12 }),
    diesBefore: fc.integer({ min: 1, max: 25 }),
    awayFrom: fc.integer({ min: 2, max: 12 }),
    awayFor: fc.integer({ min: 0, max: 4 }),
    replays: fc.boolean(),
    dropped: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 2 }),
    receivedTwice: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 2 }),
  })
  .map(({ awayFor, ...rest }) => ({
    ...rest,
    backAt: rest.awayFrom + awayFor,
    dropped: new Set(rest.dropped),
    receivedTwice: new Set(rest.receivedTwice),
  }));

const publishedMs = (number: number): number => 1000 + number * 100;

export const NOTHING = {
  delivered: 0,
  recovered: 0,
  "while-disconnected": 0,
  "in-flight-at-disconnect": 0,
  unexplained: 0,
  neverPublished: 0,
};

/**
 * What the story says of one event. A dropped one was in flight when nothing after it came before
 * the cut, which came soon.
 */
export function fateOf(told: Story, number: number): keyof typeof NOTHING {
  if (number >= told.diesBefore) return "neverPublished";
  if (number >= told.awayFrom && number < told.backAt)
    return told.replays ? "recovered" : "while-disconnected";
  if (!told.dropped.has(number)) return "delivered";
  const cutAfter = told.backAt > told.awayFrom && number < told.awayFrom;
  const streamEnd = Math.min(told.awayFrom, told.diesBefore, told.events + 1);
  for (let later = number + 1; later < streamEnd; later++) {
    if (!told.dropped.has(later)) return "unexplained";
  }
  const noticed = publishedMs(told.awayFrom) - 50 <= publishedMs(number) + NOTICE_MS;
  return cutAfter && noticed ? "in-flight-at-disconnect" : "unexplained";
}

/** The story as the observations of session `s<index>`. */
export function tell(told: Story, index: number): Observation[] {
  const name = `s${index}`;
  const pipelineInstance = `pipeline-${index}`;
  const common = { session: name, epoch: "e1" } as const;
  const out: Observation[] = [
    { type: "planned", session: name, events: told.events, arriveMs: 1000 },
    {
      type: "connected",
      session: name,
      connection: 1,
      instance: "x",
      subscribedMs: 1000,
      resume: "none",
      atMs: 1001,
    },
    {
      type: "pipeline",
      ...common,
      instance: pipelineInstance,
      state: "started",
      total: told.events,
      atMs: 1010,
    },
    { type: "broker", instance: pipelineInstance, state: "up", atMs: 1 },
    { type: "ledger", instance: pipelineInstance, state: "read", records: 1 },
  ];
  const cut = told.backAt > told.awayFrom;
  const backMs = publishedMs(told.backAt) - 50;
  if (cut) {
    const resume = told.replays ? "replayed" : "unsupported";
    out.push(
      {
        type: "disconnected",
        session: name,
        connection: 1,
        reason: "error",
        atMs: publishedMs(told.awayFrom) - 50,
      },
      {
        type: "connected",
        session: name,
        connection: 2,
        instance: "x",
        subscribedMs: backMs,
        resume,
        atMs: backMs,
      },
    );
  }
  for (let number = 1; number <= told.events; number++) {
    const fate = fateOf(told, number);
    if (fate === "neverPublished") continue;
    const at = publishedMs(number);
    out.push({
      type: "published",
      ...common,
      seq: number,
      instance: pipelineInstance,
      intendedMs: at,
      atMs: at,
      route: "broker",
    });
    if (fate !== "delivered" && fate !== "recovered") continue;
    const connection = cut && number >= told.awayFrom ? 2 : 1;
    const readMs = fate === "recovered" ? backMs + 1 : at + 1;
    const receipts = told.receivedTwice.has(number) ? 2 : 1;
    for (let receipt = 0; receipt < receipts; receipt++) {
      out.push({ type: "received", ...common, connection, seq: number, atMs: readMs + receipt });
    }
  }
  const aborted = told.diesBefore <= told.events;
  out.push({
    type: "pipeline",
    ...common,
    instance: pipelineInstance,
    state: aborted ? "aborted" : "completed",
    total: told.events,
    atMs: 5000,
  });
  return out;
}

/** The phases, and the instance that every stream hangs on. */
export const FRAME: Observation[] = [
  { type: "phase", phase: "load-started", atMs: 1000 },
  { type: "phase", phase: "drain-started", atMs: 6000 },
  { type: "phase", phase: "drain-ended", atMs: 9000 },
  { type: "broker", instance: "x", state: "up", atMs: 1 },
  { type: "ledger", instance: "x", state: "read", records: 1 },
];
