/**
 * The scripts' own metrics. Their names are a contract: dashboards and thresholds know them. Made
 * in the init context, once per VU. Live ones get a sample as it happens, the others when a session
 * has been judged at its end.
 */
import { Counter, Trend } from "k6/metrics";

export const METRICS = {
  /** Live. The difference of both is the number of open streams. */
  streamsOpened: new Counter("sse_streams_opened"),
  streamsEnded: new Counter("sse_streams_ended"),
  /** Live. Pipeline events as they come, replayed ones and duplicates too. */
  received: new Counter("sse_events_received"),
  sessions: new Counter("sse_sessions"),
  due: new Counter("sse_events_due"),
  delivered: new Counter("sse_events_delivered"),
  recovered: new Counter("sse_events_recovered"),
  lost: new Counter("sse_events_lost"),
  neverPublished: new Counter("sse_events_never_published"),
  indeterminate: new Counter("sse_events_indeterminate"),
  duplicated: new Counter("sse_events_duplicated"),
  reordered: new Counter("sse_events_reordered"),
  unexpected: new Counter("sse_events_unexpected"),
  /** Live. From the intended publish time to the read, of delivered events. */
  latency: new Trend("sse_event_latency", true),
  /** Live. */
  reconnects: new Counter("sse_reconnects"),
  /** Live. From the end of a stream to the next one's confirmation. */
  downtime: new Trend("sse_downtime", true),
  /** Sessions that never saw their terminal event. */
  stuckStreams: new Counter("sse_stuck_streams"),
  gatesOffered: new Counter("sse_gates_offered"),
  gatesAnswered: new Counter("sse_gates_answered"),
  gatesStalled: new Counter("sse_gates_stalled"),
  /** Live. How much later than planned a session began: an engine that is late measures itself. */
  arrivalLateness: new Trend("sse_arrival_lateness", true),
};
