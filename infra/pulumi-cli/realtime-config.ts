/** The Realtime of a stack of the Pulumi CLI: the configuration overrides the record. */
import { freePorts } from "../../common/free-port.ts";
import { realtimeBy } from "../stack/new-stack-record.ts";
import { DEFAULT_REALTIME_SETTINGS, type RealtimeSettings } from "../realtime/realtime-settings.ts";
import { newStackRealtime, type StackRealtime } from "../realtime/stack-realtime.ts";
import type { StackImages, StackPorts } from "../stack/stack-args.ts";
import type { Topology } from "../topologies.ts";
import { type StackConfig } from "./stack-config.ts";
import { UserError } from "../../common/user-error.ts";

const KEYS = [
  "realtimePlan",
  "realtimePublish",
  "catchUp",
  "realtimeUrl",
  "realtimeKey",
  "realtimeJwtSecret",
  "realtimeAnonKey",
] as const satisfies readonly (keyof StackConfig)[];

const recordedSettings = (recorded: StackRealtime | undefined): RealtimeSettings => {
  if (recorded === undefined) return DEFAULT_REALTIME_SETTINGS;
  const { plan, publish, catchUp } = recorded;
  return {
    plan,
    publish,
    catchUp,
    ...(recorded.by === "hosted" ? { hosted: recorded.hosted } : {}),
  };
};

/**
 * Undefined if the topology has no Realtime.
 *
 * @throws UserError naming the keys that do not apply, or that need others
 */
export const realtimeSettings = (
  config: StackConfig,
  topology: Topology,
  recorded?: StackRealtime,
): RealtimeSettings | undefined => {
  const given = KEYS.filter((key) => config[key] !== undefined);
  if (topology.broadcaster !== "supabase") {
    if (given.length === 0) return undefined;
    throw new UserError(
      `${given.join(", ")}: ${topology.name} has no Realtime; ` +
        `pulumi config rm ${given.join(" and pulumi config rm ")}`,
    );
  }
  const { realtimeUrl: url, realtimeKey: serviceKey, realtimeJwtSecret: jwtSecret } = config;
  const { realtimeAnonKey: anonKey } = config;
  if (url === undefined && (serviceKey ?? anonKey) !== undefined) {
    throw new UserError(
      "realtimeKey and realtimeAnonKey need a hosted Realtime: " +
        "name it (pulumi config set realtimeUrl URL), or remove them (pulumi config rm)",
    );
  }
  if (url !== undefined && (serviceKey === undefined || jwtSecret === undefined)) {
    throw new UserError(
      "realtimeUrl goes with realtimeKey, the service-role key, and realtimeJwtSecret, " +
        "which signs the clients' tokens: pulumi config set --secret realtimeKey KEY, " +
        "pulumi config set --secret realtimeJwtSecret SECRET",
    );
  }
  const before = recordedSettings(recorded);
  return {
    ...before,
    plan: config.realtimePlan ?? before.plan,
    publish: config.realtimePublish ?? before.publish,
    catchUp: config.catchUp ?? before.catchUp,
    ...(url !== undefined && serviceKey !== undefined && jwtSecret !== undefined
      ? { hosted: { url, serviceKey, jwtSecret, ...(anonKey === undefined ? {} : { anonKey }) } }
      : {}),
  };
};

/** For a recorded stack: its keys stay, unless the configuration names another secret. */
export const goOnWithRealtime = async (
  config: StackConfig,
  topology: Topology,
  images: StackImages,
  recorded: StackRealtime | undefined,
): Promise<StackRealtime | undefined> => {
  const settings = realtimeSettings(config, topology, recorded);
  if (settings === undefined) return undefined;
  const now = await newStackRealtime(settings, realtimeBy(images), config.realtimeJwtSecret);
  if (now.by === "hosted" || recorded === undefined || recorded.by === "hosted") return now;
  const { jwtSecret, serviceKey, anonKey } = now.keys;
  const isOther = config.realtimeJwtSecret !== undefined && jwtSecret !== recorded.keys.jwtSecret;
  return {
    ...now,
    keys: { ...recorded.keys, ...(isOther ? { jwtSecret, serviceKey, anonKey } : {}) },
  };
};

/** A Realtime in the stack gets a fixed port if the other components have one. */
export const portsForRealtime = async (
  { realtime: port, ...others }: StackPorts,
  realtime: StackRealtime | undefined,
): Promise<StackPorts> => {
  if (realtime === undefined || realtime.by === "hosted") return others;
  if (port !== undefined) return { ...others, realtime: port };
  if (others.router === undefined) return others;
  const taken = [others.router, others.dashboard, ...(others.instances ?? [])].filter(
    (one) => one !== undefined,
  );
  const [free] = await freePorts(1, taken);
  return free === undefined ? others : { ...others, realtime: free };
};
