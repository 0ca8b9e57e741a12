import { setMaxListeners } from "node:events";
import { performance, type EventLoopUtilization } from "node:perf_hooks";
import { encodeIntoCompressedBase64 } from "hdr-histogram-js";
import { nowMs } from "../../../../common/clock.ts";
import { ControlClient } from "../transport/control-client.ts";
import { createLagHistogram, LagMeter, recordLag } from "./lag-meter.ts";
import { plannedTimes, scheduleSessions } from "../../portable/load-schedule.ts";
import { EventReader } from "../../portable/service/event-reader.ts";
import { ConnectThrottle } from "../transport/connect-throttle.ts";
import { openPhoenixChannel } from "../../portable/realtime/phoenix-channel.ts";
import { openWsWire } from "../transport/ws-wire.ts";
import type { SegmentWriter } from "../segment-writer.ts";
import { NativeSession } from "../session/native-session.ts";
import type { ShardContext } from "./shard-context.ts";
import { sessionsOf } from "../shard.ts";
import { resolveTarget } from "../transport/resolve-target.ts";
import { SocketTransport } from "../transport/socket-transport.ts";
import { threadCpuSeconds } from "./thread-cpu.ts";
import type { WorkerJob, WorkerProgress, WorkerReport } from "./worker-messages.ts";

/** An event is called overdue only after more time than any path of a healthy topology needs. */
const OVERDUE_AFTER_MS = 1_000;

/**
 * Each called once: all sessions of the shard that the phase `loaded` waits for have arrived;
 * nothing more can come of any of its sessions.
 */
export interface ShardEvents {
  onArrived(): void;
  onSettled(): void;
}

/** The sessions of one thread, from their arrivals to the end of the drain. */
export class LoadShard {
  readonly #context: ShardContext & { draining: boolean };
  readonly #sessions: NativeSession[];
  readonly #events: ShardEvents;
  readonly #over: AbortController;
  readonly #loopLag: LagMeter;
  readonly #arrivalLateness = createLagHistogram();
  readonly #loadedMs: number;
  #startMs = 0;
  #nextArrival = 0;
  #isLoaded = false;
  #unsettled: number;
  #arrivalTimer: NodeJS.Timeout | undefined;
  #cpuAtStart = 0;
  #loopAtStart: EventLoopUtilization | undefined;
  #utilisation: number | undefined;

  private constructor(
    context: ShardContext,
    over: AbortController,
    job: WorkerJob,
    events: ShardEvents,
  ) {
    this.#context = context;
    this.#over = over;
    this.#events = events;
    this.#loopLag = new LagMeter(job.limits.lagSampleMs);
    const schedule = scheduleSessions(job.plan);
    this.#loadedMs = plannedTimes(schedule, job.plan).loadedMs;
    this.#sessions = sessionsOf(schedule, job.shard).map(
      (one) => new NativeSession(context, one, () => this.#onSettled()),
    );
    this.#unsettled = this.#sessions.length;
  }

  /** Resolves the router's address and makes the clients. Nothing is sent yet. */
  static async create(
    job: WorkerJob,
    recorder: SegmentWriter,
    events: ShardEvents,
  ): Promise<LoadShard> {
    const { plan, limits } = job;
    const target = await resolveTarget(plan.url);
    const over = new AbortController();
    // Each session that waits listens to it.
    setMaxListeners(0, over.signal);
    const throttle = new ConnectThrottle(limits.opensPerTurn);
    const openWire = openWsWire({
      handshakeTimeoutMs: limits.headTimeoutMs,
      maxMessageBytes: limits.maxEventBytes,
    });
    const context: ShardContext = {
      plan,
      limits,
      reader: new EventReader(plan.service),
      // The clock of a service on this host. Elsewhere it is as far off as the hosts' clocks are.
      wallOffsetMs: nowMs() - Date.now(),
      recorder,
      control: new ControlClient(plan.url, limits, plan.service.instanceHeader),
      transport: new SocketTransport(target, limits),
      openChannel: openPhoenixChannel(openWire, { whenFree: (connect) => throttle.add(connect) }),
      signal: over.signal,
      draining: false,
      counters: { up: 0, received: 0, reconnects: 0 },
    };
    return new LoadShard(context, over, job, events);
  }

  /** Begins the open loop: sessions arrive on schedule and never wait for earlier ones. */
  start(startMs: number): void {
    this.#startMs = startMs;
    this.#cpuAtStart = threadCpuSeconds();
    this.#loopAtStart = performance.eventLoopUtilization();
    this.#loopLag.start();
    this.#arriveDue();
  }

  /** The warm-up is over: forgets how late the engine was in it. */
  measure(): void {
    this.#loopLag.histogram.reset();
    this.#arrivalLateness.reset();
    this.#loopAtStart = performance.eventLoopUtilization();
  }

  drain(): void {
    this.#context.draining = true;
    this.#utilisation = performance.eventLoopUtilization(this.#loopAtStart).utilization;
  }

  progress(): WorkerProgress {
    const byMs = nowMs() - this.#startMs - OVERDUE_AFTER_MS;
    let overdue = 0;
    for (const session of this.#sessions) overdue += session.overdue(byMs);
    return { ...this.#context.counters, overdue };
  }

  /** Closes every stream and request, and reports. The recorder is left open. */
  async stop(): Promise<WorkerReport> {
    clearTimeout(this.#arrivalTimer);
    this.#loopLag.stop();
    for (const session of this.#sessions) session.close();
    this.#over.abort();
    this.#context.transport.close();
    await this.#context.control.close();
    return {
      loopLag: encodeIntoCompressedBase64(this.#loopLag.histogram),
      arrivalLateness: encodeIntoCompressedBase64(this.#arrivalLateness),
      utilisation:
        this.#utilisation ?? performance.eventLoopUtilization(this.#loopAtStart).utilization,
      cpuSeconds: threadCpuSeconds() - this.#cpuAtStart,
      received: this.#context.counters.received,
    };
  }

  #arriveDue(): void {
    const atMs = nowMs();
    for (; ; this.#nextArrival++) {
      const session = this.#sessions[this.#nextArrival];
      if (!this.#isLoaded && !((session?.schedule.arriveOffsetMs ?? Infinity) <= this.#loadedMs)) {
        this.#isLoaded = true;
        this.#events.onArrived();
      }
      if (session === undefined) return;
      const dueMs = this.#startMs + session.schedule.arriveOffsetMs;
      if (dueMs > atMs) {
        this.#arrivalTimer = setTimeout(() => this.#arriveDue(), Math.ceil(dueMs - atMs));
        return;
      }
      recordLag(this.#arrivalLateness, atMs - dueMs);
      void session.arrive();
    }
  }

  #onSettled(): void {
    this.#unsettled--;
    if (this.#unsettled === 0) this.#events.onSettled();
  }
}
