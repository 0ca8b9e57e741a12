/** Environment variables for `RealtimeSettings`, the same on every platform. */
import {
  TIER_LIMITS,
  type HostedRealtime,
  type RealtimeTier,
  type RealtimeSettings,
} from "./realtime-settings.ts";

/** Limits of the only tenant, as supabase/realtime and the stand-in read them. */
export const limitEnvironment = (plan: RealtimeTier): Record<string, string> => {
  const limits = TIER_LIMITS[plan];
  return {
    TENANT_MAX_CONCURRENT_USERS: String(limits.maxConcurrentUsers),
    TENANT_MAX_EVENTS_PER_SECOND: String(limits.maxEventsPerSecond),
    TENANT_MAX_JOINS_PER_SECOND: String(limits.maxJoinsPerSecond),
    TENANT_MAX_CHANNELS_PER_CLIENT: String(limits.maxChannelsPerClient),
    TENANT_MAX_PAYLOAD_SIZE_IN_KB: String(limits.maxPayloadKb),
  };
};

/** Realtime's address for the servers, and the one that they give to clients. */
export interface RealtimeAddress extends HostedRealtime {
  /** The address for clients, if it differs from the servers'. */
  publicUrl?: string;
}

/** The variables of each server. The platform adds the event log's REDIS_URL. */
export const realtimeServerEnvironment = (
  { publish, catchUp }: Pick<RealtimeSettings, "publish" | "catchUp">,
  { url, publicUrl, serviceKey, jwtSecret, anonKey }: RealtimeAddress,
): Record<string, string> => ({
  FF_SUPABASE_SSE_BROADCAST: "true",
  REALTIME_URL: url,
  ...(publicUrl === undefined ? {} : { REALTIME_PUBLIC_URL: publicUrl }),
  REALTIME_KEY: serviceKey,
  REALTIME_JWT_SECRET: jwtSecret,
  ...(anonKey === undefined ? {} : { REALTIME_ANON_KEY: anonKey }),
  REALTIME_PUBLISH: publish,
  ...(catchUp ? { FF_SSE_EVENT_LOG: "true" } : {}),
});
