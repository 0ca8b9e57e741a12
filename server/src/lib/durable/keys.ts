/** The keys of the durable broadcaster. One primary holds them all: scripts use several at once. */

/** A Redis Stream of the session's events. Entry `n-0` is the session's n-th message. */
export const logKey = (sessionId: string): string => `sse:log:${sessionId}`;

/**
 * A hash: `n` (the last message's number), `s:<epoch>` (the last event number of that epoch), and
 * the session's pipeline run: `run`, `epoch`, `fence`, `owner`, `plan`, `gate`, `at`.
 */
export const stateKey = (sessionId: string): string => `sse:state:${sessionId}`;

/** Exists while this process is alive. It expires by itself. */
export const leaseKey = (origin: string): string => `sse:lease:${origin}`;

/** A set of the sessions whose pipelines this process runs. */
export const ownedKey = (origin: string): string => `sse:owned:${origin}`;

/** A set of all processes that may own pipelines. */
export const OWNERS_KEY = "sse:owners";

/** The owner of pipelines that a draining instance gave away. It never has a lease. */
export const RELEASED = "released";

/** A message on this channel says that pipelines were given away. */
export const RELEASE_CHANNEL = "sse:released";
