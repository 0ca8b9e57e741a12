/** The platform port: what runs a topology, seen from the harness. */
import type { Topology } from "../../infra/topologies.ts";
import type { InstanceObservation } from "../history/observation.ts";

export interface UpOptions {
  topology: Topology;
  /** Overrides the topology's replicas. */
  replicas: number;
  /** Start the topology with its Redis stopped, to see the fallback. Ignored where there is no Redis. */
  redis: "up" | "stopped";
  /** Folder that this deployment owns: logs, ledgers, router files. Created when it is not there. */
  workDir: string;
  /** The platform's view of its instances, as it happens. */
  onInstance?: (instance: string, state: InstanceObservation["state"], atMs: number) => void;
  /**
   * The router or the broker ended by itself: nothing had told it to. `part` is its name (`traefik`, `valkey`), `atMs` when
   * that was noticed, milliseconds on the harness clock. Never called for instances, nor for what `down` ends.
   */
  onPartExit?: (part: string, atMs: number) => void;
  /** One line on what is going on ("waiting for server-2 to be ready"). */
  onStep?: (step: string) => void;
  signal?: AbortSignal;
}

/** A ledger file of one process of an instance. */
export interface LedgerFile {
  instance: string;
  path: string;
}

/** What the nemesis may do to one instance. Every call is idempotent and rejects with the last log lines. */
export interface InstanceControl {
  /** As a deploy stops it: SIGTERM, then SIGKILL when it is still there after `graceMs` (0: SIGKILL at once). Resolves when it is gone. */
  stop(instance: string, graceMs: number): Promise<void>;
  /** SIGKILL. Resolves when it is gone. */
  kill(instance: string): Promise<void>;
  /** Starts it again. Resolves when it is ready and the router sends it traffic. */
  start(instance: string): Promise<void>;
}

/** A topology that is up: the one plain object that a platform hands to the harness. */
export interface Deployment {
  /** Base URL of the router, e.g. `http://127.0.0.1:18080`. */
  url: string;
  dashboardUrl?: string;
  /** Names of the instances that may be bounced. */
  instances: readonly string[];
  /** Direct base URL of each instance: `sse-lab up` prints it, for looking at /metrics. Load never goes there. */
  instanceUrls: Readonly<Record<string, string>>;
  control: InstanceControl;
  /** Versions of the real parts, e.g. `{ traefik: "3.7.15", valkey: "9.1.2", node: "20.20.2" }`. */
  versions: Readonly<Record<string, string>>;
  /** All ledger files so far, those of dead processes included. */
  ledgers(): Promise<LedgerFile[]>;
  /** Ends every process of the deployment, then removes its temporary files. Safe to call twice. */
  down(): Promise<void>;
}

export interface PrepareOptions {
  topologies: readonly Topology[];
  /** One line on what is going on ("fetching Traefik 3.7.15 (50 MB, once)"). */
  onStep?: (step: string) => void;
  signal?: AbortSignal;
}

export interface Platform {
  name: "local" | "docker";
  /** Finds or fetches all that the topologies need, so that no measured run waits for it. Rejects with what is missing and how to get it. */
  prepare(options: PrepareOptions): Promise<void>;
  up(options: UpOptions): Promise<Deployment>;
}
