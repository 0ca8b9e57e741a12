/** Detects which Realtime implementation answers at an address. */
import { httpUrlOf } from "../../common/portable/realtime/urls.ts";
import { STAND_IN, REALTIME_NAME } from "../../infra/realtime/realtime-names.ts";
import type { RealtimeImplementation } from "./platform.ts";

/** Long enough for a handshake around the world. */
const ANSWER_MS = 2_000;

/**
 * The stand-in names itself in the header `x-realtime` of every answer. A server that does not
 * answer within 2 s counts as Supabase's own.
 */
export const detectRealtime = async (url: string): Promise<RealtimeImplementation> => {
  const answer = await fetch(new URL("/healthcheck", httpUrlOf(url)), {
    headers: { connection: "close" },
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => undefined);
  await answer?.body?.cancel().catch(() => undefined);
  const standIn = answer?.headers.get("x-realtime") === STAND_IN;
  return { name: standIn ? STAND_IN : REALTIME_NAME, standIn };
};
