/** A stack's arguments and outputs, the same for the Pulumi CLI and the Automation API. */
import type { Owner } from "../../common/processes/owner.ts";
import type { StackRealtime } from "../realtime/stack-realtime.ts";
import type { Topology } from "../topologies.ts";

/**
 * Images that the engine already has, by id (`sha256:...`) or by digest. Nothing is pulled while a
 * stack comes up.
 */
export interface StackImages {
  server: string;
  /** Of the topology's router. */
  router: string;
  /** The broker's; needed if the topology has a broker. */
  broker?: string;
  /** Of supabase/realtime and its database: both, if the stack runs the real Realtime. */
  realtime?: string;
  postgres?: string;
  /** Of the stand-in, if the stack runs that instead of the real Realtime. */
  realtimeStandin?: string;
}

/** Ports of 127.0.0.1. The engine chooses those that are left out. */
export interface StackPorts {
  router?: number;
  dashboard?: number;
  /** Of a Realtime that the stack runs. */
  realtime?: number;
  /** One for each instance, in order. */
  instances?: readonly number[];
}

/** A service of the user, which runs in the place of the lab's own server. */
export interface StackService {
  name: string;
  /** In its containers. */
  port: number;
  /** GET answers 2xx once an instance can serve. */
  readyPath: string;
  readyWithinS?: number;
  stopSignal: string;
  /** Whole seconds from the stop signal to SIGKILL, whatever a deploy asks for. */
  graceS?: number;
  /** In the place of the lab's user of each instance. */
  user?: string;
  /** One for each instance, in order. `${revision}` stands for the revision of the stack. */
  environments: readonly Readonly<Record<string, string>>[];
}

export interface StackArgs {
  /**
   * Prefix of all names, e.g. `phase1` or `phase1-x3k9q2`. Stacks of different names can run side
   * by side.
   */
  stack: string;
  topology: Topology;
  replicas: number;
  images: StackImages;
  /**
   * A new value replaces every server container: a deploy. It is in the container's environment and
   * label.
   */
  revision: string;
  /**
   * Whole seconds between SIGTERM and SIGKILL when a server container stops. 0: SIGKILL follows at
   * once.
   */
  graceS: number;
  ports: StackPorts;
  /**
   * Absolute path of a host folder for the ledgers, writable for any user. Without it there are no
   * ledgers.
   */
  ledgerDir?: string;
  /** Key of the session tokens, 32 characters or more. Kept as a secret in the state. */
  sessionSecret: string;
  /** Environment of the servers in place of single `serverSettings`. */
  settings?: Readonly<Record<string, string>>;
  /** Default: the lab's own server. `images.server` is its image. */
  service?: StackService;
  /** `stopped`: the topology comes up without its broker, to show the fallback. */
  redis: "up" | "stopped";
  /** Needed if the topology's events travel over Supabase Realtime. */
  realtime?: StackRealtime;
  /**
   * Additional labels on every container, network and volume. `down` finds by them what a dead
   * command left.
   */
  labels: Readonly<Record<string, string>>;
}

/** Exported by every topology in the same shape. */
export interface StackOutputs {
  topology: string;
  /** Base URL of the router, e.g. `http://127.0.0.1:18080`. */
  url: string;
  dashboardUrl: string;
  revision: string;
  router: { kind: "traefik" | "haproxy"; container: string };
  broker: { kind: "valkey"; container: string } | null;
  /**
   * Null if the topology has no Realtime. `container` is null for a hosted one. `url` is the
   * address for clients on this host, e.g. `ws://realtime.localhost:20003/socket`.
   */
  realtime: {
    kind: "realtime-standin" | "realtime" | "hosted";
    container: string | null;
    url: string;
  } | null;
  /** In order. `container` is the container's name; `url` its own address on 127.0.0.1. */
  instances: { name: string; container: string; url: string }[];
}

/**
 * What the lab and the Pulumi program know of a stack between two commands:
 * `infra/state/stacks/<stack>.json`. Only its owner can read it, because it holds the key of the
 * tokens. It is written before anything of the stack exists and removed after everything is gone.
 */
export interface StackRecord extends Omit<StackArgs, "topology"> {
  schemaVersion: 1;
  topology: string;
  /** ISO 8601. */
  startedAt: string;
  /** True: the stack outlives its command, until `sse-lab down`. */
  kept: boolean;
  owner: Owner;
  /** Id of the engine that has its containers. Absent in records of earlier versions. */
  engine?: string;
  /** By component, for manifests. Absent if the Pulumi CLI brought it up. */
  versions?: Readonly<Record<string, string>>;
}
