import { DEFAULT_REALTIME_SETTINGS } from "../realtime/realtime-settings.ts";
import type { OwnRealtimeKeys } from "../realtime/stack-realtime.ts";
import type { StackArgs } from "../stack/stack-args.ts";
import type { Topology } from "../topologies.ts";

export const REALTIME_KEYS: OwnRealtimeKeys = {
  jwtSecret: "j".repeat(40),
  serviceKey: "service-role-key",
  anonKey: "anon-key",
  databasePassword: "database-password",
  databaseKey: "k".repeat(16),
  secretKeyBase: "b".repeat(64),
  metricsJwtSecret: "m".repeat(40),
  managementJwtSecret: "a".repeat(40),
};

export const imageId = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** Arguments of a stack that can be; its Realtime is the stand-in. */
export const stackArgs = (topology: Topology, change: Partial<StackArgs> = {}): StackArgs => {
  const replicas = change.replicas ?? topology.replicas;
  const hasRealtime = topology.broadcaster === "supabase";
  return {
    stack: "lab",
    topology,
    replicas,
    images: {
      server: imageId("1"),
      router: imageId("2"),
      broker: imageId("3"),
      ...(hasRealtime ? { realtimeStandin: imageId("4") } : {}),
    },
    revision: "r7",
    graceS: 0,
    ports: {
      router: 20_000,
      dashboard: 20_001,
      instances: Array.from({ length: replicas }, (_, index) => 20_010 + index),
      ...(hasRealtime ? { realtime: 20_002 } : {}),
    },
    ledgerDir: "/var/ledgers",
    sessionSecret: "s".repeat(40),
    redis: "up",
    ...(hasRealtime
      ? { realtime: { ...DEFAULT_REALTIME_SETTINGS, by: "standin" as const, keys: REALTIME_KEYS } }
      : {}),
    labels: { "sse-lab.checkout": "c0ffee" },
    ...change,
  };
};
