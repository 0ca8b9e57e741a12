import { Counter, Gauge, Registry, collectDefaultMetrics } from "prom-client";

export type Metrics = ReturnType<typeof createMetrics>;

/** The instance's own metrics in a registry of their own; `collectDefaults` adds those of the process. */
export function createMetrics(options: { collectDefaults?: boolean } = {}) {
  const registry = new Registry();
  if (options.collectDefaults) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    streamsOpen: new Gauge({ name: "sse_streams_open", help: "Open SSE streams", registers }),
    eventsPublished: new Counter({
      name: "sse_events_published_total",
      help: "Events published by this instance, by the way they left it",
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
    pipelinesRunning: new Gauge({ name: "pipelines_running", help: "Pipelines running here", registers }),
    brokerUp: new Gauge({ name: "broker_up", help: "1 while the broker connects instances", registers }),
    publishFailures: new Counter({
      name: "broker_publish_failures_total",
      help: "Events handed to the broker that it did not confirm",
      registers,
    }),
    malformedMessages: new Counter({
      name: "broker_malformed_messages_total",
      help: "Messages on a session's channel that are no event of it, dropped",
      registers,
    }),
    realtimeQueueEvents: new Gauge({
      name: "realtime_queue_events",
      help: "Published events that wait for Supabase Realtime or for its answer",
      registers,
    }),
    realtimeQueueBytes: new Gauge({ name: "realtime_queue_bytes", help: "Their size", registers }),
    realtimeDropped: new Counter({
      name: "realtime_dropped_events_total",
      help: "Published events that never went out to Supabase Realtime, by reason",
      labelNames: ["reason"],
      registers,
    }),
    realtimePosts: new Counter({
      name: "realtime_posts_total",
      help: "POSTs to the broadcast API of Supabase Realtime, by status (error: no answer)",
      labelNames: ["status"],
      registers,
    }),
    eventLogFailures: new Counter({
      name: "event_log_failures_total",
      help: "Published events that the event log did not take",
      registers,
    }),
    ledgerErrors: new Counter({
      name: "ledger_write_errors_total",
      help: "1 once a record could not be written, which ended the ledger",
      registers,
    }),
    httpRequests: new Counter({
      name: "http_requests_total",
      help: "Answered requests; streams count when they end",
      labelNames: ["method", "route", "status"],
      registers,
    }),
  };
}
