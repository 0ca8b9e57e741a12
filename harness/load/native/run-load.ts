import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../../common/user-error.ts";
import { bundledProgram } from "../../../common/bundle/bundled-program.ts";
import { nowMs } from "../../../common/clock.ts";
import type { EngineObservation, PhaseObservation } from "../../history/observation.ts";
import { limitsOf, type EngineLimits } from "../portable/engine-limits.ts";
import { mergeLagHistograms, summarizeLag } from "./workers/lag-meter.ts";
import type { LoadPlan, LoadProgress } from "../portable/load-plan.ts";
import { dueEvents } from "../portable/session/foreign-events.ts";
import { publishClockOf } from "./publish-clock.ts";
import { ProgressMeter } from "../portable/load-progress.ts";
import { plannedTimes, scheduleSessions } from "../portable/load-schedule.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { divide, sessionsOf, type Shard, WHOLE } from "./shard.ts";
import { WorkerPool } from "./workers/worker-pool.ts";
import type { WorkerJob, WorkerReport } from "./workers/worker-messages.ts";

/** Time to write the plan of one session and to draw it in a worker, generously, milliseconds. */
const LEAD_PER_SESSION_MS = 0.02;

export interface RunLoadOptions {
  /** Existing folder that belongs to this run: segments of an earlier one there are overwritten. */
  historyDir: string;
  /**
   * Ends the load at once: all sockets and threads go, and the promise rejects with the signal's
   * reason.
   */
  signal?: AbortSignal;
  /** Called about once a second. */
  onProgress?: (progress: LoadProgress) => void;
  /** Called as each phase begins, after it was recorded. */
  onPhase?: (phase: PhaseObservation["phase"], atMs: number) => void;
  /** Overrides of single limits. */
  limits?: Partial<EngineLimits>;
  /** The sessions to play, if other machines play the others. Default: all. */
  shard?: Shard;
  /** When the load starts. Default: once the workers are ready. */
  startMs?: number;
}

export interface LoadResult {
  /** Paths of the raw history, NDJSON; order means nothing. */
  segments: string[];
  /** Also recorded in the history. */
  engine: EngineObservation;
  /** What `engine.lagMs` is made of, milliseconds: each figure there is the larger of these two. */
  lag: { loop: { p99: number; max: number }; arrival: { p99: number; max: number } };
  /** Events received, replayed ones included. */
  received: number;
}

/**
 * Puts the planned load on a router and writes all that was seen into `historyDir`: `planned` for
 * every session before anything is sent, then what the sessions saw, the phases, and what the
 * engine says of itself. The load runs in worker threads, so the caller's own work cannot disturb
 * it.
 * @throws the abort signal's reason; Error when the disk, a thread or the name of the target fails
 */
export const runLoad = async (plan: LoadPlan, options: RunLoadOptions): Promise<LoadResult> => {
  options.signal?.throwIfAborted();
  if (plan.client === "eventsource" && plan.service.stream.eventSourcePath === undefined)
    throw new UserError(
      `a browser's EventSource cannot open the stream of ${plan.service.name}`,
      "give stream.eventsource in the service file, or use --client retrying",
    );
  const limits = { ...limitsOf(plan), ...options.limits };
  const { shard = WHOLE } = options;
  const workers = Math.ceil(plan.sessions / shard.of / limits.sessionsPerWorker);
  const segmentOf = (name: string): string => join(options.historyDir, `load-${name}.ndjson`);
  const jobs = divide(shard, workers).map((part, worker): WorkerJob => {
    return { plan, limits, shard: part, segmentPath: segmentOf(String(worker)) };
  });

  const program = await bundledProgram("load-worker");
  options.signal?.throwIfAborted();
  const over = new AbortController();
  const stopped = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(options.signal?.reason as Error);
    options.signal?.addEventListener("abort", onAbort, { once: true, signal: over.signal });
    over.signal.addEventListener("abort", () => reject(over.signal.reason as Error), {
      once: true,
    });
  });
  stopped.catch(() => {});
  const recorder = await SegmentWriter.open(segmentOf("main"), (error) => over.abort(error));
  const pool = new WorkerPool(jobs, program);
  try {
    const conducted = conduct({ plan, limits, options, recorder, pool, signal: over.signal });
    const summary = await Promise.race([conducted, pool.failed, stopped]);
    await recorder.close();
    return { segments: [recorder.path, ...jobs.map((job) => job.segmentPath)], ...summary };
  } catch (error) {
    // The first failure is the one to report; the disk's own is among them.
    await recorder.close().catch(() => {});
    throw error;
  } finally {
    over.abort();
    await pool.terminate();
  }
};

interface Conduct {
  plan: LoadPlan;
  limits: EngineLimits;
  options: RunLoadOptions;
  recorder: SegmentWriter;
  pool: WorkerPool;
  signal: AbortSignal;
}

/** Leads the workers through the phases. */
const conduct = async (run: Conduct): Promise<Omit<LoadResult, "segments">> => {
  const { plan, limits, options, recorder, pool, signal } = run;
  const { shard = WHOLE } = options;
  const until = (atMs: number): Promise<void> =>
    sleep(Math.max(0, atMs - nowMs()), undefined, { signal });
  const phase = (name: PhaseObservation["phase"], atMs: number): void => {
    recorder.record({ type: "phase", phase: name, atMs });
    options.onPhase?.(name, atMs);
  };

  await pool.all("ready");
  const schedule = scheduleSessions(plan);
  const times = plannedTimes(schedule, plan);
  const soonestMs = nowMs() + limits.leadMs + schedule.length * LEAD_PER_SESSION_MS;
  const startMs = options.startMs ?? soonestMs;
  if (startMs < soonestMs)
    throw new UserError(
      `the load engine was ready ${Math.ceil((soonestMs - startMs) / 1000)} s after the load's start`,
      "give a later start",
    );
  for (const { session, events, arriveOffsetMs } of sessionsOf(schedule, shard)) {
    const due = dueEvents(plan.service, events) ?? 0;
    recorder.record({ type: "planned", session, events: due, arriveMs: startMs + arriveOffsetMs });
  }
  await recorder.flush();
  pool.send({ type: "start", startMs });
  const mine = { ...plan, sessions: Math.ceil(plan.sessions / shard.of) };
  const meter = new ProgressMeter(mine, nowMs());
  // Of the whole process, the caller included.
  let peakRssBytes = process.memoryUsage.rss();
  const report = (): void => {
    peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
    options.onProgress?.(meter.next(pool.progress(), nowMs(), startMs + times.deadlineMs));
  };
  const timer = setInterval(report, limits.progressMs);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });

  phase("load-started", startMs);
  await pool.all("arrived");
  phase("loaded", nowMs());
  if (times.measuredMs !== undefined) {
    await until(startMs + times.measuredMs);
    pool.send({ type: "measured" });
    // A timer can fire a little early by this clock.
    phase("measured", Math.max(nowMs(), startMs + times.measuredMs));
  }
  await until(startMs + times.drainMs);
  pool.send({ type: "drain" });
  phase("drain-started", nowMs());
  await Promise.race([pool.all("settled"), until(nowMs() + plan.drainS * 1000)]);
  phase("drain-ended", nowMs());
  pool.send({ type: "stop" });
  await pool.all("done");
  clearInterval(timer);

  report();
  const summary = summarize(pool.reports(), peakRssBytes, publishClockOf(plan));
  recorder.record(summary.engine);
  return summary;
};

const summarize = (
  reports: readonly WorkerReport[],
  rssBytes: number,
  publishClock: ReturnType<typeof publishClockOf>,
): Omit<LoadResult, "segments"> => {
  const loop = summarizeLag(mergeLagHistograms(reports.map((report) => report.loopLag)));
  const arrival = summarizeLag(mergeLagHistograms(reports.map((report) => report.arrivalLateness)));
  const engine: EngineObservation = {
    type: "engine",
    lagMs: { p99: Math.max(loop.p99, arrival.p99), max: Math.max(loop.max, arrival.max) },
    utilisation: Math.max(...reports.map((report) => report.utilisation)),
    cpuSeconds: reports.reduce((sum, report) => sum + report.cpuSeconds, 0),
    rssBytes,
    workers: reports.length,
    ...publishClock,
  };
  return {
    engine,
    lag: { loop, arrival },
    received: reports.reduce((sum, report) => sum + report.received, 0),
  };
};
