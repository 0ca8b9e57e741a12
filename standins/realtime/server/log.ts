import type { Logger } from "pino";

/** What the stand-in logs with. Never given a token, a key or a payload. */
export type Log = Pick<Logger, "debug" | "info" | "warn" | "error">;
