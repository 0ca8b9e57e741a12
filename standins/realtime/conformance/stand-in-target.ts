/** The stand-in as a target, in this process. */
import { randomBytes } from "node:crypto";
import { pino } from "pino";
import { readConfig } from "../server/config.ts";
import { runStandIn, type RunningStandIn } from "../server/stand-in.ts";
import { addressOf } from "./address.ts";
import type { CaseTenant, Target, TenantSettings } from "./target.ts";

/** Short back-offs, and limits that no case reaches unless it sets them. */
const SETTINGS = {
  PORT: "0",
  CONNECT_ERROR_BACKOFF_MS: "20",
  CHANNEL_ERROR_BACKOFF_MS: "20",
  TENANT_MAX_CONCURRENT_USERS: "10000",
  TENANT_MAX_EVENTS_PER_SECOND: "100000",
  TENANT_MAX_JOINS_PER_SECOND: "10000",
  // Limits of a rate trip after half a second instead of five.
  RATE_SAMPLE_MS: "500",
};

export interface StandInTarget {
  target: Target;
  /** As realtime-js takes it. */
  url: string;
  stop(): Promise<void>;
}

/** Starts a stand-in. A case with its own tenant gets another one, with the limits of the case. */
export async function startStandInTarget(
  env: Readonly<Record<string, string>> = {},
): Promise<StandInTarget> {
  const jwtSecret = randomBytes(32).toString("hex");
  const config = { ...SETTINGS, ...env, API_JWT_SECRET: jwtSecret };
  const main = await start(config);
  const startTenant = async (settings: TenantSettings): Promise<CaseTenant> => {
    const limited = await start({ ...config, ...limitVariables(settings) });
    return { address: addressOf(urlOf(limited)), remove: () => limited.stop() };
  };
  const url = urlOf(main);
  const target = { address: addressOf(url), jwtSecret, startTenant };
  return { target, url, stop: () => main.stop() };
}

/** `max_joins_per_second` becomes `TENANT_MAX_JOINS_PER_SECOND`. */
const limitVariables = (settings: TenantSettings): Record<string, string> =>
  Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      `TENANT_${name.toUpperCase()}`,
      String(value),
    ]),
  );

const start = (env: Record<string, string>): Promise<RunningStandIn> =>
  runStandIn(readConfig(env), pino({ level: "silent" }));

const urlOf = ({ port }: RunningStandIn): string => `http://127.0.0.1:${port}/socket`;
