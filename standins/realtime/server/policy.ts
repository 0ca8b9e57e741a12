import type { Claims } from "./tokens.ts";

/**
 * Whether a token may read or write a private channel. `topic` is without the `realtime:` of the WebSocket. On the real
 * server this is row-level security on `realtime.messages` (select: read, insert: write).
 */
export type ChannelPolicy = (claims: Claims, topic: string, action: "read" | "write") => boolean;

/** Claim that names the one session whose channel a token opens: `SESSION_CLAIM` of the server's event contract. */
const SESSION_CLAIM = "sse_session";

/** The lab's rule: `service_role` may everything, `authenticated` may read the channel of the one session that its token names. */
export const sessionPolicy: ChannelPolicy = (claims, topic, action) => {
  if (claims.role === "service_role") return true;
  const session = claims[SESSION_CLAIM];
  return (
    claims.role === "authenticated" &&
    action === "read" &&
    typeof session === "string" &&
    topic === `sse:session:${session}`
  );
};
