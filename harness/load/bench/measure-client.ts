/**
 * One client of the stream bench, a process of its own, so that its CPU time and memory are nobody else's. Arguments: mode,
 * port, streams, milliseconds to measure. Prints one {@link ClientFigures} as JSON.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nowMs } from "../../clock.ts";
import { ENGINE_LIMITS } from "../engine-limits.ts";
import type { LoadPlan } from "../load-plan.ts";
import { LoadShard } from "../load-shard.ts";
import { SegmentWriter } from "../segment-writer.ts";
import { SocketTransport } from "../socket-transport.ts";
import { SseScanner } from "../sse-scanner.ts";
import { FRAME_BYTES } from "./event-frame.ts";

export type ClientMode = "bytes" | "transport" | "engine";

export interface ClientFigures {
  events: number;
  cpuUsPerEvent: number;
  /** Share of one core, 0 to 1. */
  utilisation: number;
  rssBytesPerStream: number;
}

/** Code compiled, memory settled. */
const WARM_UP_MS = 1_000;

interface Client {
  /** Streams that are open. */
  open(): number;
  events(): number;
}

const mode = process.argv[2] as ClientMode;
const [port = 0, streams = 0, measureMs = 0] = process.argv.slice(3).map(Number);

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
    if (left > ENGINE_LIMITS.opensPerTurn) setImmediate(() => openSome(left - ENGINE_LIMITS.opensPerTurn));
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
      { path: "/api/sessions/s/events", headers: {} },
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
const runEngine = async (folder: string): Promise<Client> => {
  const plan: LoadPlan = {
    url: `http://127.0.0.1:${port}`,
    client: "retrying",
    sessions: streams,
    eventsPerSecond: 1,
    durationS: 60,
    rampS: 1,
    drainS: 1,
    gates: 0,
    payloadBytes: 150,
    seed: 1,
  };
  const segmentPath = join(folder, "segment.ndjson");
  const recorder = await SegmentWriter.open(segmentPath, (error) => {
    throw error;
  });
  const job = { plan, limits: ENGINE_LIMITS, worker: 0, workers: 1, segmentPath };
  const shard = await LoadShard.create(job, recorder, { onArrived: () => {}, onSettled: () => {} });
  shard.start(nowMs());
  return { open: () => shard.progress().up, events: () => shard.progress().received };
};

const rssBytes = (): number => {
  globalThis.gc?.();
  return process.memoryUsage.rss();
};

const folder = await mkdtemp(join(tmpdir(), "bench-streams-"));
try {
  const rssBefore = rssBytes();
  const client =
    mode === "bytes" ? countBytes() : mode === "transport" ? followStreams() : await runEngine(folder);
  const deadlineMs = nowMs() + 20_000;
  while (client.open() < streams) {
    if (nowMs() > deadlineMs) throw new Error(`only ${client.open()} of ${streams} streams are open`);
    await sleep(50);
  }
  await sleep(WARM_UP_MS);
  const rssBytesPerStream = (rssBytes() - rssBefore) / streams;
  const [eventsBefore, cpuBefore, startedMs] = [client.events(), process.cpuUsage(), nowMs()];
  await sleep(measureMs);
  const events = client.events() - eventsBefore;
  const { user, system } = process.cpuUsage(cpuBefore);
  const figures: ClientFigures = {
    events,
    cpuUsPerEvent: (user + system) / events,
    utilisation: (user + system) / 1000 / (nowMs() - startedMs),
    rssBytesPerStream,
  };
  console.log(JSON.stringify(figures));
} finally {
  await rm(folder, { recursive: true });
}
process.exit(0);
