/**
 * The strategy's migration path as data, forth and back: from one instance to several with pub/sub
 * and without affinity. A step that ships code is a deploy of the same program with other settings.
 */
import type { Cause } from "../history/observation.ts";
import type { RouterChange, ServerSettings } from "../platform/platform.ts";

export interface MigrationStep {
  name: string;
  /** A rolling deploy changes the servers' environment to this. Undefined: no deploy. */
  settings?: ServerSettings;
  /** The router's configuration changes while it runs. Undefined: it stays as it is. */
  router?: { affinity: RouterChange["affinity"]; instances: "first" | "all" };
  /** Causes of loss that the step may have. */
  allowedCauses: readonly Cause[];
}

/** Without Redis: the deployment's own settings name it. */
export const BEFORE_MIGRATION: ServerSettings = {
  REDIS_URL: undefined,
  FF_REDIS_SSE_BROADCAST: undefined,
};
/** Redis counts requests, and carries no event. */
const LIMITS: ServerSettings = { FF_REDIS_SSE_BROADCAST: undefined };
const FLAG_OFF: ServerSettings = { FF_REDIS_SSE_BROADCAST: "false" };
const FLAG_ON: ServerSettings = { FF_REDIS_SSE_BROADCAST: "true" };

/** While instances are replaced, pipeline and stream of a session are apart for a moment. */
const LOCAL_DEPLOY = ["no-route", "in-flight-at-disconnect", "while-disconnected"] as const;
/** An instance without the flag takes nothing from Redis, and one with it sends all there. */
const MIXED_DEPLOY = [...LOCAL_DEPLOY, "broker-gap"] as const;

export const MIGRATION: readonly MigrationStep[] = [
  {
    name: "1 sticky sessions, more instances",
    router: { affinity: "cookie", instances: "all" },
    allowedCauses: [],
  },
  { name: "2 Redis for rate limiting", settings: LIMITS, allowedCauses: LOCAL_DEPLOY },
  { name: "3 broadcaster, flag off", settings: FLAG_OFF, allowedCauses: LOCAL_DEPLOY },
  { name: "4 flag on", settings: FLAG_ON, allowedCauses: MIXED_DEPLOY },
  {
    name: "5 no sticky sessions",
    router: { affinity: "none", instances: "all" },
    allowedCauses: [],
  },
  {
    name: "back to 4: sticky sessions",
    router: { affinity: "cookie", instances: "all" },
    allowedCauses: [],
  },
  { name: "back to 3: flag off", settings: FLAG_OFF, allowedCauses: MIXED_DEPLOY },
  { name: "back to 2: no broadcaster", settings: LIMITS, allowedCauses: LOCAL_DEPLOY },
  { name: "back to 1: no Redis", settings: BEFORE_MIGRATION, allowedCauses: LOCAL_DEPLOY },
  {
    name: "back to 0: one instance",
    router: { affinity: "none", instances: "first" },
    allowedCauses: LOCAL_DEPLOY,
  },
];
