import { randomBytes } from "node:crypto";
import { DEFAULT_GRACE_S } from "../../common/portable/default-grace.ts";
import type { Owner } from "../../common/processes/owner.ts";
import { freePorts } from "../../common/free-port.ts";
import { ledgerFolderOf } from "./ledger-folder.ts";
import { DEFAULT_REALTIME_SETTINGS, type RealtimeSettings } from "../realtime/realtime-settings.ts";
import { newStackRealtime, type StackRealtime } from "../realtime/stack-realtime.ts";
import type { StackImages, StackPorts, StackRecord } from "./stack-args.ts";
import type { Topology } from "../topologies.ts";

export const FIRST_REVISION = "1";

export interface NewStack {
  stack: string;
  topology: Topology;
  images: StackImages;
  labels: Readonly<Record<string, string>>;
  kept: boolean;
  owner: Owner;
  /** Id of the engine that gets its containers. */
  engine?: string | undefined;
  /** Default: the topology's. */
  replicas?: number | undefined;
  revision?: string | undefined;
  graceS?: number | undefined;
  settings?: StackRecord["settings"] | undefined;
  service?: StackRecord["service"] | undefined;
  redis?: StackRecord["redis"] | undefined;
  /** Ignored if the topology has no Realtime. Default: `DEFAULT_REALTIME_SETTINGS`. */
  realtime?: RealtimeSettings | undefined;
  /** Signs the tokens if the stack runs Realtime itself. Default: a new one. */
  realtimeJwtSecret?: string | undefined;
  /**
   * Default: `.sse-lab/ledgers/<stack>`. It must exist before the stack comes up:
   * `makeLedgerFolder`.
   */
  ledgerDir?: string | undefined;
}

/** The stack runs the Realtime that it has an image of. */
const realtimeOf = async ({
  topology,
  images,
  realtime = DEFAULT_REALTIME_SETTINGS,
  realtimeJwtSecret,
}: NewStack): Promise<StackRealtime | undefined> =>
  topology.broadcaster === "supabase"
    ? newStackRealtime(realtime, realtimeBy(images), realtimeJwtSecret)
    : undefined;

/** Which Realtime a stack of these images runs. */
export const realtimeBy = (images: StackImages): "standin" | "supabase" =>
  images.realtimeStandin === undefined ? "supabase" : "standin";

/** The record of a new stack, with free ports and new keys. Writes nothing. */
export const newStackRecord = async (given: NewStack): Promise<StackRecord> => {
  const { stack, topology, images, labels, kept, owner } = given;
  const replicas = given.replicas ?? topology.replicas;
  const realtime = await realtimeOf(given);
  const hasOwnRealtime = realtime !== undefined && realtime.by !== "hosted";
  const [router, dashboard, ...others] = (await freePorts(replicas + (hasOwnRealtime ? 3 : 2))) as [
    number,
    number,
    ...number[],
  ];
  return {
    schemaVersion: 1,
    stack,
    topology: topology.name,
    replicas,
    images,
    revision: given.revision ?? FIRST_REVISION,
    graceS: given.graceS ?? DEFAULT_GRACE_S,
    ports: {
      router,
      dashboard,
      instances: others.slice(0, replicas),
      ...(hasOwnRealtime ? { realtime: others[replicas] as number } : {}),
    },
    ledgerDir: given.ledgerDir ?? ledgerFolderOf(stack),
    sessionSecret: randomBytes(32).toString("hex"),
    ...(given.settings === undefined ? {} : { settings: given.settings }),
    ...(given.service === undefined ? {} : { service: given.service }),
    redis: given.redis ?? "up",
    ...(realtime === undefined ? {} : { realtime }),
    labels,
    startedAt: new Date().toISOString(),
    kept,
    owner,
    ...(given.engine === undefined ? {} : { engine: given.engine }),
  };
};

/**
 * The ports of a stack that gets more or fewer instances. Each remaining instance keeps its port.
 */
export const portsForReplicas = async (
  ports: StackPorts,
  replicas: number,
): Promise<StackPorts> => {
  const { router, dashboard, realtime, instances } = ports;
  if (instances === undefined || instances.length === replicas) return ports;
  const taken = [router, dashboard, realtime, ...instances].filter((port) => port !== undefined);
  const more = await freePorts(Math.max(0, replicas - instances.length), taken);
  return { ...ports, instances: [...instances.slice(0, replicas), ...more] };
};
