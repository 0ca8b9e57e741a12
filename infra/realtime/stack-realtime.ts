/** The Supabase Realtime of a stack: what it is made from, and what is remembered of it. */
import { randomBytes } from "node:crypto";
import { mintRealtimeKeys } from "./realtime-keys.ts";
import type { HostedRealtime, RealtimeSettings } from "./realtime-settings.ts";

/** Keys of a Realtime of the stack's own. Secrets, all of them but `anonKey`, which any page may have. */
export interface OwnRealtimeKeys {
  /** Signs the clients' tokens and both keys (HS256), 32 characters or more. */
  jwtSecret: string;
  /** JWT of the service role: publishes, and bypasses the policies. */
  serviceKey: string;
  anonKey: string;
  /** Of the user that Realtime connects to its Postgres as. */
  databasePassword: string;
  /** Encrypts what Realtime keeps of its tenant: 16 bytes exactly, the key of AES-128. */
  databaseKey: string;
  /** Of the web framework that Realtime is made with, 64 characters. */
  secretKeyBase: string;
  /** Signs tokens for /metrics; nobody has one. */
  metricsJwtSecret: string;
}

interface Settings extends Pick<RealtimeSettings, "plan" | "publish" | "catchUp"> {
  /** `standin`: the lab's own server. `supabase`: supabase/realtime and a Postgres. `hosted`: not of this stack. */
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

/** With new keys. `jwtSecret`: one that is known elsewhere. */
const newKeys = async (jwtSecret: string = randomBytes(32).toString("hex")): Promise<OwnRealtimeKeys> => ({
  jwtSecret,
  ...(await mintRealtimeKeys(jwtSecret)),
  databasePassword: randomBytes(24).toString("hex"),
  databaseKey: randomBytes(8).toString("hex"),
  secretKeyBase: randomBytes(32).toString("hex"),
  metricsJwtSecret: randomBytes(32).toString("hex"),
});

/** @param by what the stack stands up where the settings name no hosted one */
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
): boolean => broadcaster === "redis" || (broadcaster === "supabase" && realtime?.catchUp === true);
