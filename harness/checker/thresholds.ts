/** Every number that a judgement depends on, with its reason. Milliseconds unless the name says otherwise. */

/** An engine whose loop runs later than this (p99) reads late, so its latencies are its own. */
export const ENGINE_LAG_P99_LIMIT_MS = 100;

/** Above this event-loop utilisation a sample is not trustworthy: queueing begins well before 100 %. */
export const ENGINE_UTILISATION_LIMIT = 0.8;

/**
 * All processes share one clock, so an event cannot be read before it was published. The ledger stamps before the effect; the
 * rest of this margin is for clocks of containers and virtual machines that are read with a small error.
 */
export const CLOCK_TOLERANCE_MS = 5;

/**
 * An instance stamps `subscribedMs` after its subscription took effect, and the publisher stamps before the event leaves. So an
 * event may be delivered live although its stamp is slightly older than the subscription's.
 */
export const SUBSCRIBE_TOLERANCE_MS = 5;

/** An event published this shortly before the observation ended may still have been on its way. */
export const LATE_PUBLISH_MS = 250;

/**
 * The longest time by which a process notices, or the platform records, later than it happened that a connection or a process
 * was broken off, on one host: a reset through the router, an exit seen by the parent.
 */
export const NOTICE_MS = 1_000;

/**
 * A rolling deploy tells of its next instance this late at most: Pulumi's event log is read every 200 ms, and by then an instance
 * without a grace has ended. Longer than a busy host needs, and shorter than a deploy takes for one instance.
 */
export const BOUNCE_TOLD_LATE_MS = 1_000;

/**
 * As `NOTICE_MS`, for a stream that its server closed in order: the client reads that within a few milliseconds on one host. Well below the
 * time between an instance's SIGTERM and the closing of its streams, so that losses of that time are not taken for ones in flight.
 */
export const CLOSE_NOTICE_MS = 250;

/**
 * A client that is not back this long after its stream was cut, and after the bounce that cut it had ended, does not come
 * back: the longest back-off (5 s), and a second for the attempt itself.
 */
export const RETURN_MS = 6_000;

/**
 * The same of a client that subscribes to the broker directly, as realtime-js does: its longest back-off (10 s, after 1, 2 and 5), a join
 * whose answer it waits for in vain (10 s), and a second for the attempt itself.
 */
export const DIRECT_RETURN_MS = 21_000;

/** Less than this share of the offered rate means that the publisher, not the topology, was the limit. */
export const ACHIEVED_SHARE_LIMIT = 0.9;

/** A publisher this late behind its own plan (p99) is out of breath: all latencies contain it. */
export const PUBLISH_LATENESS_P99_LIMIT_MS = 250;

/**
 * How far the loss of a run routed by chance may be off (N-1)/N: this many standard errors of a share of sessions (their events
 * are lost together, so sessions are the sample), and a margin for what is not chance: sessions that end unevenly.
 * The check is coarse by that: with 3 replicas (66.7 %) it allows ±12.9 points at 300 sessions, ±7.2 at 1,300. It finds a router
 * that sticks or that aliases, not a slight imbalance.
 */
export const CHANCE_SIGMAS = 4;
export const CHANCE_MARGIN = 0.02;

/**
 * A reading of what a part uses that was asked for when the drain began is stamped a little later; one later than this may tell
 * of the drain instead of the load.
 */
export const READING_MARGIN_MS = 1_000;

/**
 * A part whose last reading is older than this at the end of the load has too low costs. The end of the load asks for a reading, whose
 * stamp may be a second older than the question (an engine answers with what it read last), so less than `leastMs` is no sign. Up to
 * there and to `mostMs` (two readings of a second each and the pauses between them), a tenth of the load is what may be missing.
 */
export const READINGS_END_EARLY = { share: 0.1, leastMs: 1_500, mostMs: 4_000 } as const;
