/**
 * One client of the stream bench, a separate process, so that its CPU time and memory are its own.
 * Arguments: mode, port, streams, milliseconds to measure, folder for its history. Prints one
 * {@link ClientFigures} as JSON. Ends with its stdin.
 */
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nowMs } from "../../../common/clock.ts";
import type { Observation, ReceivedObservation } from "../../history/observation.ts";
import { ENGINE_LIMITS } from "../portable/engine-limits.ts";
import type { LoadPlan } from "../portable/load-plan.ts";
import { LAB_PROTOCOL } from "../portable/service/lab-protocol.ts";
import { LoadShard } from "../native/workers/load-shard.ts";
import { SegmentWriter } from "../native/segment-writer.ts";
import { WHOLE } from "../native/shard.ts";
import { SocketTransport } from "../native/transport/socket-transport.ts";
import { SseScanner } from "../native/transport/sse-scanner.ts";
import { FRAME_BYTES, sentMsOf } from "./event-frame.ts";

export type ClientMode = "bytes" | "transport" | "engine";

export interface ClientFigures {
  events: number;
  cpuUsPerEvent: number;
  /** Share of one core, 0 to 1. */
  utilisation: number;
  /** After one collection: what a burst of arrivals made the heap grow to is mostly still in it. */
  rssBytesPerStream: number;
  /** After a second one half a second later: by then the free memory has been handed back. */
  settledRssBytesPerStream: number;
  /**
   * `engine` with events only: from the source's write to the engine's time stamp, the kernel's way
   * included.
   */
  latencyMs?: { p50: number; p99: number };
  /**
   * `engine` without events only: from cutting all streams at once to their being back, back-off
   * included.
   */
  backMs?: number;
}

/** Code compiled, memory settled. */
const WARM_UP_MS = 700;
const ARRIVALS_PER_SECOND = 5_000;
const HAND_BACK_MS = 500;
const POLL_MS = 5;

interface Client {
  /** Streams that are open. */
  open(): number;
  events(): number;
  /** What only the whole engine can tell; `latencyMs` of the events sent within a time. */
  latencyMs?(fromMs: number, toMs: number): Promise<{ p50: number; p99: number }>;
  backMs?(): Promise<number>;
}

const mode = process.argv[2] as ClientMode;
const [port = 0, streams = 0, measureMs = 0] = process.argv.slice(3, 6).map(Number);
const folder = process.argv[6] ?? ".";
process.stdin.resume().on("close", () => process.exit(1));

/** The limit of what a client on Node can do: it looks at nothing. */
const countBytes = (): Client => {
  const buffer = Buffer.allocUnsafeSlow(64 * 1024);
  let bytes = 0;
  let open = 0;
  const openSome = (left: number): void => {
    for (let i = 0; i < Math.min(left, ENGINE_LIMITS.opensPerTurn); i++) {
      let first = true;
      const callback = (length: number): boolean => {
        bytes += length;
        if (first) open++;
        first = false;
        return true;
      };
      connect({ host: "127.0.0.1", port, noDelay: true, onread: { buffer, callback } }).write(
        "GET /api/sessions/s/events HTTP/1.1\r\nHost: x\r\n\r\n",
      );
    }
    if (left > ENGINE_LIMITS.opensPerTurn)
      setImmediate(() => openSome(left - ENGINE_LIMITS.opensPerTurn));
  };
  openSome(streams);
  return { open: () => open, events: () => bytes / FRAME_BYTES };
};

/** Transport, HTTP framing and SSE scan, nothing recorded. */
const followStreams = (): Client => {
  const transport = new SocketTransport({ host: "x", address: "127.0.0.1", port }, ENGINE_LIMITS);
  let events = 0;
  let open = 0;
  for (let i = 0; i < streams; i++) {
    const scanner = new SseScanner(
      {
        onSseEvent: () => events++,
        onSseRetry: () => {},
      },
      ENGINE_LIMITS.maxEventBytes,
    );
    transport.open(
      { method: "GET", path: "/api/sessions/s/events", headers: {} },
      {
        onHead: () => open++,
        onBytes: (buffer, start, end) => scanner.push(buffer, start, end),
        onEnd: () => open--,
      },
    );
  }
  return { open: () => open, events: () => events };
};

/** All that a worker thread does in a run: sessions, streams, history written to a file. */
const runEngine = async (): Promise<Client> => {
  const plan: LoadPlan = {
    url: `http://127.0.0.1:${port}`,
    client: "retrying",
    arrival: "ramp",
    sessions: streams,
    eventsPerSecond: 1,
    durationS: 60,
    pipelineS: 60,
    warmUpS: 0,
    rampS: streams / ARRIVALS_PER_SECOND,
    jitter: "full",
    heartbeatS: 15,
    drainS: 1,
    gates: 0,
    payloadBytes: 150,
    seed: 1,
    repeat: 1,
    service: LAB_PROTOCOL,
    ledger: true,
  };
  const segmentPath = join(folder, `segment-${process.pid}.ndjson`);
  const recorder = await SegmentWriter.open(segmentPath, (error) => {
    throw error;
  });
  const job = { plan, limits: ENGINE_LIMITS, shard: WHOLE, segmentPath };
  const shard = await LoadShard.create(job, recorder, { onArrived: () => {}, onSettled: () => {} });
  shard.start(nowMs());
  return {
    open: () => shard.progress().up,
    events: () => shard.progress().received,
    latencyMs: async (fromMs, toMs) => {
      await recorder.flush();
      const lines = (await readFile(segmentPath, "utf8")).trimEnd().split("\n");
      const latenciesMs = lines
        .map((line) => JSON.parse(line) as Observation)
        .filter((one): one is ReceivedObservation => one.type === "received")
        .map(({ seq, atMs }) => ({ sentMs: sentMsOf(seq), atMs }))
        .filter(({ sentMs }) => sentMs >= fromMs && sentMs < toMs)
        .map(({ sentMs, atMs }) => atMs - sentMs)
        .sort((a, b) => a - b);
      const at = (share: number): number =>
        latenciesMs[Math.floor(latenciesMs.length * share)] ?? NaN;
      return { p50: at(0.5), p99: at(0.99) };
    },
    backMs: async () => {
      const cutMs = nowMs();
      await fetch(`http://127.0.0.1:${port}/cut`, { method: "POST" });
      await until(() => shard.progress().reconnects >= streams, "streams are not back");
      return nowMs() - cutMs;
    },
  };
};

const until = async (condition: () => boolean, otherwise: string): Promise<void> => {
  const deadlineMs = nowMs() + 10_000;
  while (!condition()) {
    if (nowMs() > deadlineMs) throw new Error(otherwise);
    await sleep(POLL_MS);
  }
};

const rssBytes = (): number => {
  globalThis.gc?.();
  return process.memoryUsage.rss();
};

const settledRssBytes = async (): Promise<number> => {
  rssBytes();
  await sleep(measureMs > 0 ? 0 : HAND_BACK_MS);
  return rssBytes();
};

const rssBefore = rssBytes();
const client =
  mode === "bytes" ? countBytes() : mode === "transport" ? followStreams() : await runEngine();
await until(() => client.open() >= streams, `not all of the ${streams} streams are open`);
await sleep(WARM_UP_MS);
const rssBytesPerStream = (rssBytes() - rssBefore) / streams;
const [eventsBefore, cpuBefore, startedMs] = [client.events(), process.cpuUsage(), nowMs()];
await sleep(measureMs);
const events = client.events() - eventsBefore;
const { user, system } = process.cpuUsage(cpuBefore);
const endedMs = nowMs();
const utilisation = (user + system) / 1000 / (endedMs - startedMs);
const settledRss = await settledRssBytes();
const busy = measureMs > 0;
const latencyMs = busy ? await client.latencyMs?.(startedMs, endedMs) : undefined;
const backMs = busy ? undefined : await client.backMs?.();
const figures: ClientFigures = {
  events,
  cpuUsPerEvent: (user + system) / events,
  utilisation,
  rssBytesPerStream,
  settledRssBytesPerStream: (settledRss - rssBefore) / streams,
  ...(latencyMs && { latencyMs }),
  ...(backMs === undefined ? {} : { backMs }),
};
console.log(JSON.stringify(figures));
process.exit(0);
