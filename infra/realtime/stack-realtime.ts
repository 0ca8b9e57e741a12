/** The Supabase Realtime of a stack, as its record holds it. */
import { randomBytes } from "node:crypto";
import { mintRealtimeKeys } from "./realtime-keys.ts";
import type { HostedRealtime, RealtimeSettings } from "./realtime-settings.ts";

/**
 * Keys of a Realtime that the stack runs. All are secrets but `anonKey`, which any page may have.
 */
export interface OwnRealtimeKeys {
  /** Signs the clients' tokens and both keys (HS256), 32 characters or more. */
  jwtSecret: string;
  /** JWT of the service role: publishes, and bypasses the policies. */
  serviceKey: string;
  anonKey: string;
  /** Of the user as which Realtime connects to its Postgres. */
  databasePassword: string;
  /** Encrypts what Realtime stores about its tenant: an AES-128 key of exactly 16 bytes. */
  databaseKey: string;
  /** Of Realtime's web framework, 64 characters. */
  secretKeyBase: string;
  /** Signs tokens for /metrics; the lab issues none. */
  metricsJwtSecret: string;
  /**
   * Signs tokens for the management API (`/api/tenants`); the lab issues none. Absent in the record
   * of an older stack, whose server accepts `jwtSecret` there.
   */
  managementJwtSecret?: string;
}

interface Settings extends Pick<RealtimeSettings, "plan" | "publish" | "catchUp"> {
  /**
   * `standin`: the lab's server. `supabase`: supabase/realtime and a Postgres. `hosted`: not in
   * this stack.
   */
  by: "standin" | "supabase" | "hosted";
}

export interface OwnRealtime extends Settings {
  by: "standin" | "supabase";
  keys: OwnRealtimeKeys;
}

export interface ForeignRealtime extends Settings {
  by: "hosted";
  hosted: HostedRealtime;
}

export type StackRealtime = OwnRealtime | ForeignRealtime;

/** `jwtSecret`: a given one instead of a new one. */
const newKeys = async (
  jwtSecret: string = randomBytes(32).toString("hex"),
): Promise<OwnRealtimeKeys> => ({
  jwtSecret,
  ...(await mintRealtimeKeys(jwtSecret)),
  databasePassword: randomBytes(24).toString("hex"),
  databaseKey: randomBytes(8).toString("hex"),
  secretKeyBase: randomBytes(32).toString("hex"),
  metricsJwtSecret: randomBytes(32).toString("hex"),
  managementJwtSecret: randomBytes(32).toString("hex"),
});

/** @param by what the stack runs if the settings name no hosted Realtime */
export const newStackRealtime = async (
  { plan, publish, catchUp, hosted }: RealtimeSettings,
  by: OwnRealtime["by"],
  jwtSecret?: string,
): Promise<StackRealtime> =>
  hosted
    ? { by: "hosted", plan, publish, catchUp, hosted }
    : { by, plan, publish, catchUp, keys: await newKeys(jwtSecret) };

/** Does a stack with these settings have the broker (Valkey), for pub/sub or for the event log? */
export const hasBroker = (
  broadcaster: string,
  realtime: Pick<RealtimeSettings, "catchUp"> | undefined,
): boolean =>
  broadcaster === "redis" ||
  broadcaster === "redis-streams" ||
  (broadcaster === "supabase" && realtime?.catchUp === true);
