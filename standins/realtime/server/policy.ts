import { PAGE_ROLE } from "../../../common/portable/realtime/config-rules.ts";
import type { Claims } from "./tokens.ts";

/** Claim that names the one session whose channel a token opens: the server's `SESSION_CLAIM`. */
const SESSION_CLAIM = "sse_session";

/**
 * The lab's policy for private channels: `service_role` may read and write every topic,
 * `sse_page` may read the channel of the session that its token names. The real server asks
 * row-level security on `realtime.messages` (infra/realtime/policies.sql).
 * @param topic without the `realtime:` of the WebSocket
 */
export function mayAccess(claims: Claims, topic: string, action: "read" | "write"): boolean {
  if (claims.role === "service_role") return true;
  const session = claims[SESSION_CLAIM];
  return (
    claims.role === PAGE_ROLE &&
    action === "read" &&
    typeof session === "string" &&
    topic === `sse:session:${session}`
  );
}
