/** What a stack is made from, and what it says of itself: the same for both doors (the Pulumi CLI and the Automation API). */
import type { Owner } from "../../common/owner.ts";
import type { StackRealtime } from "../realtime/stack-realtime.ts";
import type { Topology } from "../topologies.ts";

/** Image references that the engine has already, by id (`sha256:...`) or by digest: nothing is pulled while a stack comes up. */
export interface StackImages {
  server: string;
  /** Of the topology's router. */
  router: string;
  /** Of the broker; needed where the topology has one. */
  broker?: string;
  /** Of supabase/realtime and its database: both, where the stack stands the real one up. */
  realtime?: string;
  postgres?: string;
  /** Of the server that plays Realtime, where the stack stands that one up. */
  realtimeStandin?: string;
}

/** Ports of 127.0.0.1. What is left out, the engine chooses. */
export interface StackPorts {
  router?: number;
  dashboard?: number;
  /** Of a Realtime of the stack's own. */
  realtime?: number;
  /** One for each instance, in order. */
  instances?: readonly number[];
}

export interface StackArgs {
  /** Prefix of all names, e.g. `phase1` or `phase1-x3k9q2`: stacks of different names can be up side by side. */
  stack: string;
  topology: Topology;
  replicas: number;
  images: StackImages;
  /** A new value replaces every server container: that is a deploy. Shown in the container's environment and label. */
  revision: string;
  /** Between SIGTERM and SIGKILL when a server container is stopped. 0: SIGKILL right behind SIGTERM. Whole seconds. */
  graceS: number;
  ports: StackPorts;
  /** Absolute path of a host folder, writable for any user, that gets the instances' ledgers. No ledgers without it. */
  ledgerDir?: string;
  /** Key of the session tokens, 32 characters or more. Kept as a secret in the state. */
  sessionSecret: string;
  /** `stopped`: the topology comes up without its broker, to see the fallback. */
  redis: "up" | "stopped";
  /** Needed where the topology's events travel over Supabase Realtime. */
  realtime?: StackRealtime;
  /** On every container, network and volume, beside the stack's own: how `down` finds what a dead command left. */
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
   * Null where the topology has none. `kind` names a stand-in as one. `container` is null for a hosted one. `url`: as clients reach
   * it from this host, e.g. `ws://realtime.localhost:20003/socket`.
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
 * What is remembered of a stack between two commands and between the two doors: `infra/state/stacks/<stack>.json`, readable by its
 * owner only, since it holds the key of the tokens. Written before anything of the stack exists, removed after the last of it is gone.
 */
export interface StackRecord extends Omit<StackArgs, "topology"> {
  schemaVersion: 1;
  topology: string;
  /** ISO 8601. */
  startedAt: string;
  /** True: it outlives its command, until `sse-lab down`. */
  kept: boolean;
  owner: Owner;
}
