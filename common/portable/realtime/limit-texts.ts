/**
 * How supabase/realtime says that a limit of the project is reached. Which text arrives depends on
 * the side: a server publishes through realtime-js, a client follows one channel by itself.
 */

/** `publisher`: a server with the service key. `subscriber`: a client on its session's channel. */
export type RealtimeSide = "publisher" | "subscriber";

/** The limit behind a text. `unnamed`: the text does not tell which one. */
export type RealtimeLimit = "channels" | "users" | "joins" | "messages" | "unnamed";

interface LimitText {
  text: RegExp;
  sides: readonly RealtimeSide[];
  limit: RealtimeLimit;
}

const BOTH = ["publisher", "subscriber"] as const;

/**
 * The limits of the tenant's database (`DatabaseConnectionRateLimitReached`) are not the project's.
 */
export const LIMIT_TEXTS: readonly LimitText[] = [
  // Codes of a refused join.
  { text: /\bChannelRateLimitReached/, sides: BOTH, limit: "channels" },
  { text: /\bConnectionRateLimitReached/, sides: BOTH, limit: "users" },
  { text: /\bClientJoinRateLimitReached/, sides: BOTH, limit: "joins" },
  // The `system` message before a channel is closed. A publisher gets it inside a longer text.
  { text: /Too many messages/, sides: ["publisher"], limit: "messages" },
  { text: /^Too many messages per second/, sides: ["subscriber"], limit: "messages" },
  { text: /^Too many presence messages per second/, sides: ["subscriber"], limit: "messages" },
  // Bodies of a refused handshake. A subscriber goes by the status, 429, and not by the text.
  { text: /Too many connected/, sides: ["publisher"], limit: "users" },
  { text: /Too many joins/, sides: ["publisher"], limit: "joins" },
  { text: /Too many channels/, sides: ["publisher"], limit: "channels" },
  // realtime-js passes on no status, only the error's text.
  { text: /\b429\b/, sides: ["publisher"], limit: "unnamed" },
  { text: /rate limit exceeded/, sides: ["subscriber"], limit: "unnamed" },
];

/** The limit that this text names on this side; undefined for any other reason. */
export const limitIn = (side: RealtimeSide, reason: string): RealtimeLimit | undefined =>
  LIMIT_TEXTS.find(({ text, sides }) => sides.includes(side) && text.test(reason))?.limit;
