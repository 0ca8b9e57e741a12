/** The load of a migration: small, since the host carries out ten steps beside it. */
export const MIGRATE_DEFAULTS = { sessions: 100, pipeline: 5 } as const;

/** Flags that are keys of a scenario. */
export const MIGRATE_KEYS = ["sessions", "rate", "pipeline", "replicas", "grace", "seed"] as const;
