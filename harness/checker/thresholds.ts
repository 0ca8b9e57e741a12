/**
 * Every number that a verdict depends on, with its reason. Milliseconds unless the name says
 * otherwise.
 */

/**
 * If an engine's loop runs later than this (p99), it reads late, and latencies include its own
 * delay.
 */
export const ENGINE_LAG_P99_LIMIT_MS = 100;

/**
 * A latency is not resolved if the engine's lag (p99) exceeds this share of its p99: the read could
 * have made most of it. Losses and times away are far above such a lag, so the run stays valid.
 */
export const LAG_SHARE_LIMIT = 0.5;

/**
 * A latency is mostly the publisher's own if its lateness (p99) exceeds this share of the p99, and
 * what a timer of a quiet host needs.
 */
export const LATENESS_SHARE_LIMIT = 0.5;
export const LATENESS_LEAST_MS = 5;

/**
 * A host above these shares of its CPU time has no core to spare, or is robbed by its hypervisor.
 * Noise alone proves nothing: a test host is often busy. A run is unknown only if such samples are
 * more than a tenth of the measured phase, and the engine or the publishers ran later than
 * `HOST_DISTORTION_MS` (p99): half of the engine's own limit, and within reach of the 100 ms and
 * more for which a deploy cuts a stream. Below that, latencies that are not resolved say so.
 */
export const HOST_BUSY_LIMIT = 0.9;
export const HOST_STEAL_LIMIT = 0.02;
export const HOST_NOISY_SHARE_LIMIT = 0.1;
export const HOST_DISTORTION_MS = 50;

/** A user who waits longer loses the thread (Nielsen, Usability Engineering, 1993). */
export const SLOW_BEGIN_MS = 1_000;

/**
 * Above this event-loop utilisation, samples cannot be trusted: queueing begins well before 100 %.
 */
export const ENGINE_UTILISATION_LIMIT = 0.8;

/**
 * All processes share one clock, so no event is read before its publication. The ledger stamps
 * before the effect; the rest of this margin covers small clock errors of containers and virtual
 * machines.
 */
export const CLOCK_TOLERANCE_MS = 5;

/**
 * An instance stamps `subscribedMs` after its subscription took effect; the publisher stamps before
 * the event leaves. So a live event may carry a slightly older stamp than the subscription.
 */
export const SUBSCRIBE_TOLERANCE_MS = 5;

/** An event published this shortly before the observation ended may still have been on its way. */
export const LATE_PUBLISH_MS = 250;

/**
 * On one host, the longest delay until a process notices a broken connection, or the platform
 * records an exit. If the exit is on record, the delay is measured, and this only bounds it.
 */
export const NOTICE_MS = 1_000;

/**
 * The longest delay until a rolling deploy reports its next instance: Pulumi's event log is read
 * every 200 ms, and an instance without a grace ends in that time. Longer than a busy host needs,
 * shorter than the deploy of one instance.
 */
export const BOUNCE_TOLD_LATE_MS = 1_000;

/**
 * As `NOTICE_MS`, for a stream that its server closed in order: on one host, the client reads that
 * within milliseconds. Well below the time from an instance's SIGTERM to the closing of its
 * streams, whose losses are not in flight.
 */
export const CLOSE_NOTICE_MS = 250;

/**
 * A client that is not back this long after the cut, and after the end of its bounce, does not come
 * back: the longest back-off (5 s), plus a second for the attempt.
 */
export const RETURN_MS = 6_000;

/**
 * The same for a client that subscribes to the broker directly, as realtime-js does: its longest
 * back-off (10 s, after 1, 2 and 5), a join without an answer (10 s), plus a second for the
 * attempt.
 */
export const DIRECT_RETURN_MS = 21_000;

/**
 * A pipeline that begins this long after its session arrived, and after a bounce began, was kept
 * waiting by the bounce: on one host, a session is created and started in a fraction of it.
 */
export const LATE_START_MS = 1_000;

/**
 * Without a ledger, a stream still receives if its last event is at most this many mean intervals
 * old, or as old as a busy host may make it. Intervals of a steady publisher hardly differ. If a
 * service pauses for longer, it looks silent, and its missing events count as missed.
 */
export const SILENT_AFTER = { events: 3, leastMs: 1_000 } as const;

/** Below this share of the offered rate, the publisher, not the topology, was the limit. */
export const ACHIEVED_SHARE_LIMIT = 0.9;

/** A publisher this late behind its plan (p99) is saturated. */
export const PUBLISH_LATENESS_P99_LIMIT_MS = 250;

/**
 * How far the loss of a run with chance routing may be off (N-1)/N: this many standard errors of a
 * share of sessions (a session's events are lost together, so sessions are the sample), plus a
 * margin for sessions that end unevenly. Coarse: with 3 replicas (66.7 %) it allows ±12.9 points at
 * 300 sessions, ±7.2 at 1,300. It finds a router that sticks or aliases; the chi-square of all
 * routes finds an imbalance. Four standard errors: about one false alarm in 16,000 comparisons.
 */
export const CHANCE_SIGMAS = 4;
export const CHANCE_MARGIN = 0.02;
/** Pearson's approximation needs this many expected requests an instance (Cochran, 1954). */
export const CHI_SQUARE_LEAST = 5;

/**
 * A reading requested at the start of the drain is stamped a little later. A later one may already
 * include the drain.
 */
export const READING_MARGIN_MS = 1_000;

/** Readings are stamped to the millisecond or so, so a shorter slope would show that error. */
export const LEAST_SLOPE_MS = 1_000;

/**
 * If a component's last reading is older than this at the end of the load, its costs are too low.
 * The limit is `share` of the load, but at least `leastMs` (a reading may be a second old) and at
 * most `mostMs` (two readings of a second each and the pauses between them).
 */
export const READINGS_END_EARLY = { share: 0.1, leastMs: 1_500, mostMs: 4_000 } as const;
