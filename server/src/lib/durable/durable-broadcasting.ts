import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { nowMs } from "../../../../common/clock.ts";
import type { Broadcasting, BroadcastingDeps, BroadcastReports } from "../broadcasting.ts";
import { sampleLog } from "../log-sampler.ts";
import type { RedisConnection } from "../redis/redis-connection.ts";
import { RedisPubSub } from "../redis/redis-pubsub.ts";
import { gateChannel, type GateResult } from "../../pipeline/gate-relay.ts";
import type { PipelineRunner } from "../../pipeline/pipeline-runner.ts";
import { sessionChannel } from "../../contract/events.ts";
import type { Durable } from "./durable.ts";
import { AppendQueue } from "./append-queue.ts";
import { DurableRuns } from "./durable-runs.ts";
import { RedisStreamsBroadcaster } from "./redis-streams-broadcaster.ts";
import { SessionLog } from "./session-log.ts";

/** Builds the broadcaster over Redis Streams, and the ownership of pipelines. */
export function durableBroadcasting(
  connection: RedisConnection,
  deps: BroadcastingDeps,
  reports: BroadcastReports,
): Broadcasting {
  const { config, logger, metrics, ledger, origin } = deps;
  const redis = connection.client;
  let runner: PipelineRunner | undefined;
  const link = new RedisPubSub({
    redis: connection,
    logger,
    ownChannel: sessionChannel(origin),
    onPublishFailure: () => metrics.publishFailures.inc(),
    onState: (state, reason) => {
      reports.onState(state, reason);
      if (state === "up") resume();
    },
  });
  const logFailure = sampleLog((error: unknown, dropped) =>
    logger.warn({ reason: String(error), dropped }, "cannot use the event log, will retry"),
  );
  const log = new SessionLog({
    redis,
    windowEvents: config.EVENT_LOG_EVENTS,
    keepS: config.EVENT_LOG_KEEP_S,
    sessionTtlS: config.SESSION_TTL_S,
  });
  const queue = new AppendQueue({
    append: (sessionId, events, fence, lost) => log.append(sessionId, events, fence, lost),
    maxBytes: config.EVENT_LOG_QUEUE_BYTES,
    onSend: (event) => reports.onPublish(event, "broker"),
    onDrop: ({ sessionId, epoch, seq }, reason) =>
      ledger.append({ kind: "dropped", sessionId, epoch, seq, reason, atMs: nowMs() }),
    onFenced: (sessionId, fence) => {
      if (runner?.fenceOf(sessionId) === fence) runner.fenced(sessionId);
    },
    onForgotten: (sessionId) => {
      const run = runner?.runOf(sessionId);
      if (run !== undefined) void runs.restore(run);
    },
    onFailure: (error) => {
      metrics.eventLogFailures.inc();
      logFailure(error);
    },
  });
  const broadcaster = new RedisStreamsBroadcaster({
    link,
    log,
    queue,
    fenceOf: (sessionId) => runner?.fenceOf(sessionId) ?? "",
    onMalformed: reports.onMalformed,
    onFailure: logFailure,
  });
  const runs = new DurableRuns({
    redis,
    link,
    logger,
    origin,
    instance: config.INSTANCE,
    clockId: clockId(),
    leaseMs: config.PIPELINE_LEASE_MS,
    sessionTtlS: config.SESSION_TTL_S,
    isRunning: (sessionId) => runner?.runOf(sessionId) !== undefined,
    onClaimed: (run) => runner?.adopt(run),
  });

  function resume(): void {
    broadcaster.resume();
    runs.resume();
    runner?.takeStoredAnswers();
  }

  const durable: Durable = {
    broadcaster,
    ownership: {
      create: (sessionId, epoch, plan) => runs.create(sessionId, epoch, plan, nowMs()),
      ended: (sessionId) => runs.ended(sessionId),
      isAnswered: (sessionId, gate) => runs.isAnswered(sessionId, gate),
      async release(given) {
        runs.leave();
        await broadcaster.flushed();
        await Promise.all(given.map(({ sessionId, fence }) => runs.release(sessionId, fence)));
      },
    },
    gates: {
      open(sessionId) {
        const channel = gateChannel(sessionId);
        link.subscribe(channel, (gate) => void runner?.answerGate(sessionId, gate));
        return { ready: link.ready(channel), close: () => link.unsubscribe(channel) };
      },
      async deliver(sessionId, response) {
        if (!link.up) return "broker-away";
        return runs
          .answer(sessionId, response, gateChannel(sessionId))
          .catch((): GateResult => "unconfirmed");
      },
    },
    start(started) {
      runner = started;
      runs.start();
    },
    async close() {
      await runs.close();
      await link.close();
    },
  };
  return {
    broadcaster,
    link,
    settled: link.settled,
    brokerState: () => (link.up ? "up" : "down"),
    brokerReason: () => link.reason,
    durable,
  };
}

/** CLOCK_MONOTONIC counts from boot. Without a boot id, no other process has the same clock. */
function clockId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return randomUUID();
  }
}
