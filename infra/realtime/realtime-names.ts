/**
 * Names and addresses of the Realtime in a stack, known beforehand. Its tenant is the first label
 * of the host name.
 */
import { IMAGE_PORTS } from "../images/pinned-images.ts";
import { REALTIME_TENANT } from "./realtime-settings.ts";

/** The real one, wherever a person looks. */
export const REALTIME_NAME = "realtime";

/** The stand-in for Supabase Realtime, wherever a person or a program looks. */
export const STAND_IN = "realtime-standin";

/** Host name in the stack's network, of the real one and of the stand-in. */
export const REALTIME_ALIAS = REALTIME_TENANT;

/** What the servers publish to. */
export const REALTIME_URL = `http://${REALTIME_ALIAS}:${IMAGE_PORTS.realtime.http}/socket`;

/**
 * Every name below `localhost` is this host (RFC 6761). Browsers resolve it so, and the lab's
 * clients do too.
 */
export const clientRealtimeUrl = (port: number | string): string =>
  `ws://${REALTIME_TENANT}.localhost:${port}/socket`;

/** The real Realtime's database in the stack's network; also the name of that component. */
export const DATABASE_ADDRESS = {
  host: "realtime-postgres",
  port: IMAGE_PORTS.postgres.postgres,
} as const;
