import { lostLogLines } from "../../../common/processes/service-log.ts";
import { Counter, Gauge, Registry, collectDefaultMetrics } from "prom-client";

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Creates the instance's metrics in a new registry. `collectDefaults` adds those of the process.
 */
export function createMetrics(options: { collectDefaults?: boolean } = {}) {
  const registry = new Registry();
  if (options.collectDefaults) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    streamsOpen: new Gauge({ name: "sse_streams_open", help: "Open SSE streams", registers }),
    eventsPublished: new Counter({
      name: "sse_events_published_total",
      help: "Events published by this instance, by route",
      labelNames: ["route"],
      registers,
    }),
    eventsWritten: new Counter({
      name: "sse_events_written_total",
      help: "Events written to streams of this instance",
      registers,
    }),
    slowSubscribers: new Counter({
      name: "sse_slow_subscribers_total",
      help: "Streams cut because their client did not read",
      registers,
    }),
    pipelinesRunning: new Gauge({
      name: "pipelines_running",
      help: "Pipelines running here",
      registers,
    }),
    brokerUp: new Gauge({
      name: "broker_up",
      help: "1 while the broker connects instances",
      registers,
    }),
    publishFailures: new Counter({
      name: "broker_publish_failures_total",
      help: "Events sent to the broker without its confirmation",
      registers,
    }),
    malformedMessages: new Counter({
      name: "broker_malformed_messages_total",
      help: "Dropped messages on a session's channel that are not its events",
      registers,
    }),
    realtimeQueueEvents: new Gauge({
      name: "realtime_queue_events",
      help: "Events waiting for Supabase Realtime or its answer",
      registers,
    }),
    realtimeQueueBytes: new Gauge({
      name: "realtime_queue_bytes",
      help: "Size of the events waiting for Supabase Realtime",
      registers,
    }),
    realtimeDropped: new Counter({
      name: "realtime_dropped_events_total",
      help: "Events dropped before they reached Supabase Realtime, by reason",
      labelNames: ["reason"],
      registers,
    }),
    realtimePosts: new Counter({
      name: "realtime_posts_total",
      help: "POSTs to Supabase Realtime, by HTTP status (error: no answer)",
      labelNames: ["status"],
      registers,
    }),
    eventLogFailures: new Counter({
      name: "event_log_failures_total",
      help: "Published events that could not be logged",
      registers,
    }),
    ledgerErrors: new Counter({
      name: "ledger_write_errors_total",
      help: "1 after a failed write, which ends the ledger",
      registers,
    }),
    logLinesLost: new Counter({
      name: "log_lines_lost_total",
      help: "Log lines that could not be written to stdout",
      registers,
      collect() {
        this.reset();
        this.inc(lostLogLines());
      },
    }),
    httpRequests: new Counter({
      name: "http_requests_total",
      help: "Answered requests; a stream counts when it ends",
      labelNames: ["method", "route", "status"],
      registers,
    }),
  };
}
