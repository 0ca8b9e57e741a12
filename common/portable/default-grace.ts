/**
 * Seconds between SIGTERM and SIGKILL by default: the drain of `server-settings.ts` (about 4 s),
 * doubled. It is also what `docker stop` gives.
 */
export const DEFAULT_GRACE_S = 10;
