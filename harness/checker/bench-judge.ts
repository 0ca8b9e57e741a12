/**
 * How long it takes, and how much memory, to judge a history of a million deliveries:
 *
 * [BENCH_SCALE=1] npx tsx harness/checker/bench-judge.ts [--deliveries N] [--json]
 *
 * Writes a run with a crash in its middle to a temporary folder, reads and judges it, and removes
 * it.
 */
import { benchScale } from "../../common/bench-scale.ts";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { appendRun } from "../history/history-file.ts";
import type { Observation, RunObservation } from "../history/observation.ts";
import { readHistory } from "../history/read-history.ts";
import { judgeHistory } from "./judge-history.ts";

const EVENTS = 500;
const EVENT_EVERY_MS = 100;
const CRASH_MS = 25_000;
const INSTANCES = ["server-1", "server-2", "server-3"];
const instanceOf = (index: number): string => INSTANCES[index % INSTANCES.length] as string;

const { values } = parseArgs({
  options: {
    // BENCH_SCALE: a share of the full size, as for the stream bench.
    deliveries: {
      type: "string",
      default: String(1_000_000 * benchScale()),
    },
    json: { type: "boolean", default: false },
  },
});
const deliveries = Number(values.deliveries);
if (!Number.isInteger(deliveries) || deliveries < EVENTS || deliveries > 10_000_000) {
  console.error(
    `--deliveries must be a whole number from ${EVENTS} to 10000000, but it is ${values.deliveries}`,
  );
  process.exit(2);
}

const sessions = Math.ceil(deliveries / EVENTS);
const run: RunObservation = {
  type: "run",
  topology: "bench",
  bounce: "crash",
  repeat: 1,
  seed: 1,
  replicas: INSTANCES.length,
  atMs: 0,
  startedAt: "2026-01-01T00:00:00.000Z",
  promise: {
    allowedCauses: ["while-disconnected"],
    neverPublishedAllowed: false,
    routedByChance: false,
    sentence: "Only what was published while a client was away may be lost.",
  },
  load: {
    sessions,
    eventsPerSecond: 1000 / EVENT_EVERY_MS,
    durationS: (EVENTS * EVENT_EVERY_MS) / 1000,
    gates: 0,
  },
  notes: [],
};

function* observations(): Generator<Observation> {
  for (const [phase, atMs] of [
    ["load-started", 0],
    ["drain-started", 55_000],
    ["drain-ended", 60_000],
  ] as const) {
    yield { type: "phase", phase, atMs };
  }
  for (const instance of INSTANCES) {
    yield { type: "broker", instance, state: "up", atMs: 0 };
    yield { type: "ledger", instance, state: "read", records: 0 };
  }
  const bounce = { type: "bounce", bounce: 1, kind: "crash", target: instanceOf(0) } as const;
  yield { ...bounce, state: "started", atMs: CRASH_MS };
  yield { ...bounce, state: "ended", atMs: CRASH_MS + 2000 };
  yield {
    type: "engine",
    lagMs: { p99: 1, max: 2 },
    utilisation: 0.1,
    cpuSeconds: 1,
    rssBytes: 1,
    workers: 1,
  };
  for (let index = 0; index < sessions; index++) yield* sessionObservations(index);
}

/**
 * Subscribed to one instance and published on the next one; those on the crashed one are away for
 * half a second.
 */
function* sessionObservations(index: number): Generator<Observation> {
  const session = `s${index}`;
  const epoch = `e${index.toString(36)}`;
  const startMs = 10 + (index % 1000);
  const subscriber = instanceOf(index);
  const instance = instanceOf(index + 1);
  const stream = { type: "connected", session, resume: "unsupported" } as const;
  yield { type: "planned", session, events: EVENTS, arriveMs: startMs };
  yield {
    ...stream,
    connection: 1,
    instance: subscriber,
    subscribedMs: startMs,
    atMs: startMs + 1,
  };
  yield {
    type: "pipeline",
    session,
    epoch,
    instance,
    state: "started",
    total: EVENTS,
    atMs: startMs + 2,
  };
  const cut = subscriber === instanceOf(0);
  const backMs = CRASH_MS + 500;
  if (cut) {
    yield { type: "disconnected", session, connection: 1, reason: "error", atMs: CRASH_MS };
    yield { ...stream, connection: 2, instance, subscribedMs: backMs, atMs: backMs + 1 };
  }
  let atMs = startMs;
  for (let seq = 1; seq <= EVENTS; seq++) {
    atMs += EVENT_EVERY_MS + (seq % 7) / 1000;
    const terminal = seq === EVENTS ? { terminal: true } : {};
    const event = { session, epoch, seq, ...terminal } as const;
    yield {
      type: "published",
      ...event,
      instance,
      intendedMs: atMs,
      atMs: atMs + 0.05,
      route: "broker",
    };
    if (cut && atMs >= CRASH_MS && atMs < backMs) continue;
    yield {
      type: "received",
      ...event,
      connection: cut && atMs >= CRASH_MS ? 2 : 1,
      atMs: atMs + 1,
    };
  }
  yield {
    type: "pipeline",
    session,
    epoch,
    instance,
    state: "completed",
    total: EVENTS,
    atMs: atMs + 1,
  };
  yield {
    type: "disconnected",
    session,
    connection: cut ? 2 : 1,
    reason: "finished",
    atMs: atMs + 2,
  };
}

/** Synchronous, so that what is not written yet does not pile up in the memory that is measured. */
function writeSegment(path: string): number {
  const file = openSync(path, "w");
  let lines = 0;
  let pending = "";
  for (const observation of observations()) {
    lines++;
    pending += `${JSON.stringify(observation)}\n`;
    if (pending.length < 1 << 20) continue;
    writeSync(file, pending);
    pending = "";
  }
  writeSync(file, pending);
  closeSync(file);
  return lines;
}

const seconds = (sinceMs: number): number => Math.round(performance.now() - sinceMs) / 1000;
const mebibytes = (bytes: number): number => Math.round(bytes / 1024 / 1024);

const folder = mkdtempSync(join(tmpdir(), "sse-lab-bench-judge-"));
try {
  const segment = join(folder, "segment.ndjson");
  const history = join(folder, "history.ndjson.gz");
  const lines = writeSegment(segment);
  const appendStart = performance.now();
  await appendRun(history, run, [segment]);
  const appendSeconds = seconds(appendStart);
  const judgeStart = performance.now();
  for await (const result of judgeHistory(readHistory(history))) {
    const figures = {
      deliveries: result.delivered,
      lost: result.lost,
      verdict: result.verdict,
      lines,
      historyMiB: mebibytes(statSync(history).size),
      appendSeconds,
      judgeSeconds: seconds(judgeStart),
      // Of the whole process, the writing included.
      peakRssMiB: mebibytes(process.resourceUsage().maxRSS * 1024),
    };
    if (values.json) console.log(JSON.stringify(figures));
    else console.table(figures);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
