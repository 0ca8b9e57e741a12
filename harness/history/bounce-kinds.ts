/** What the nemesis can do. `harness/nemesis/kinds.ts` says what each kind means. */
export const BOUNCE_KINDS = [
  "none",
  "rolling",
  "recreate",
  "crash",
  "pause",
  "redis-outage",
  "redis-pause",
  "redis-flush",
  "redis-failover",
  "redis-partition",
  "router-restart",
  "router-partition",
  "realtime-outage",
  "drain-cut",
  "scale-out",
  "scale-in",
  "request-cap",
  "idle-cut",
  "slow-subscriber",
  "command",
  "migration",
  "chaos",
] as const;
export type BounceKind = (typeof BOUNCE_KINDS)[number];

/** What scenarios may ask for. A migration has its own deployment and command. */
export const BOUNCE_CHOICES: readonly BounceKind[] = BOUNCE_KINDS.filter(
  (kind) => kind !== "migration",
);
