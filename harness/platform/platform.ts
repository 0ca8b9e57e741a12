/** The platform port: what runs a topology, seen from the harness. */
import type { PrepareOptions } from "../../infra/images/prepare-options.ts";
import type { RealtimeSettings } from "../../infra/realtime/realtime-settings.ts";
import type { Topology } from "../../infra/topologies.ts";
import type { BounceKind, InstanceObservation, UsageObservation } from "../history/observation.ts";

/** What an instance gets to stop in when nothing else is asked for, seconds: for those that may not see `infra/`. */
export { DEFAULT_GRACE_S } from "../../infra/stack/new-stack-record.ts";

export interface UpOptions {
  topology: Topology;
  /**
   * Names the deployment, e.g. `phase1`, where it is to be found under that name afterwards: `pulumi up -s phase1` goes on with it.
   * Refused when one of that name is there. Default: the topology's name and something random. Platforms without stacks ignore it.
   */
  name?: string;
  /** Overrides the topology's replicas. */
  replicas: number;
  /** Start the topology with its Redis stopped, to see the fallback. Ignored where there is no Redis. */
  redis: "up" | "stopped";
  /** Ignored where the topology has no Realtime. Default: `DEFAULT_REALTIME_SETTINGS`. */
  realtime?: RealtimeSettings;
  /** Folder that this deployment owns: logs, ledgers, router files. Created when it is not there. */
  workDir: string;
  /** The platform's view of its instances, as it happens. */
  onInstance?: (instance: string, state: InstanceObservation["state"], atMs: number) => void;
  /**
   * The router or the broker ended by itself: nothing had told it to. `part` is its name (`traefik`, `valkey`), `atMs` when
   * that was noticed, milliseconds on the harness clock. Never called for instances, nor for what `down` ends.
   */
  onComponentExit?: (part: string, atMs: number) => void;
  /** One line on what is going on ("waiting for server-2 to be ready"). */
  onStep?: (step: string) => void;
  signal?: AbortSignal;
}

/** A ledger file of one process of an instance. */
export interface LedgerFile {
  instance: string;
  path: string;
}

/**
 * One deploy: every instance ends and another process of its name takes its place. Containers are replaced by a new revision; on host
 * processes it is the same program, started again with the same settings.
 */
export interface Deploy {
  /** `rolling`: one after the other, each ready before the next is stopped. `recreate`: all are stopped, then all started. */
  strategy: "rolling" | "recreate";
  /** SIGTERM, then SIGKILL when it is still there after this long. 0: SIGKILL at once, or right behind SIGTERM, as Docker does. Milliseconds. */
  graceMs: number;
  /** The replacement of one instance began (before anything is done to it) or ended (it is ready and has traffic again). `atMs` on the harness clock. */
  onReplace?: (instance: string, state: "started" | "ended", atMs: number) => void;
}

/** What the nemesis may do to instances. Every call rejects with the last log lines of what did not do as told. */
export interface InstanceControl {
  /**
   * Resolves when every new instance is ready and the router sends it traffic. An instance that did not run when its replacement
   * began is brought up as well, is never told as ended, and makes the deploy reject at its end.
   */
  deploy(deploy: Deploy): Promise<void>;
  /** SIGKILL. Resolves when it is gone. Rejects when it did not run: a bounce that kills nothing is none. */
  kill(instance: string): Promise<void>;
  /** Starts it again. Resolves when it is ready and the router sends it traffic. Nothing happens when it runs already. */
  start(instance: string): Promise<void>;
}

/** The Supabase Realtime of a deployment, or what plays it. */
export interface RealtimeComponent {
  /** As the history names it: `realtime-standin`, or `realtime` for the real one. */
  name: string;
  /** True: not Supabase's own server; `name` says so too. */
  standIn: boolean;
  /** As clients reach it, e.g. `ws://127.0.0.1:18000/socket`. */
  url: string;
  /** Absent for a hosted one, which is not ours to disturb. */
  control?: {
    /** SIGKILL: every client is cut at once. Resolves when it is gone. Rejects when it did not run. */
    kill(): Promise<void>;
    /** Starts it again. Resolves when it takes connections. Nothing happens when it runs already. */
    start(): Promise<void>;
  };
}

/** What a part of the deployment has used since it started, read from the kernel's own accounts: as the history records it. */
export type ComponentUsage = Omit<UsageObservation, "type">;

/** A topology that is up: the one plain object that a platform hands to the harness. */
export interface Deployment {
  /** Names it on this host, e.g. `phase1-x3k9q2`. */
  id: string;
  topology: string;
  /** Base URL of the router, e.g. `http://127.0.0.1:18080`. */
  url: string;
  dashboardUrl?: string;
  /** Names of the instances that may be bounced. */
  instances: readonly string[];
  /** Direct base URL of each instance: `sse-lab up` prints it, for looking at /metrics. Load never goes there. */
  instanceUrls: Readonly<Record<string, string>>;
  control: InstanceControl;
  /** Of a topology whose clients subscribe to Realtime directly. */
  realtime?: RealtimeComponent;
  /** Versions of the parts, e.g. `{ traefik: "3.7.15", valkey: "9.1.2", node: "20.20.2" }`. A stand-in is there under its own name. */
  versions: Readonly<Record<string, string>>;
  /** All ledger files so far, those of dead processes included. */
  ledgers(): Promise<LedgerFile[]>;
  /** One reading of every part that runs. Never rejects for a part that has just gone: it is left out. */
  usage(): Promise<ComponentUsage[]>;
  /**
   * Leaves it running when this process ends, until `downAll`. Nothing of this object is to be used after it. Rejects when another one
   * of its topology is kept already on this platform: this one is taken down then.
   */
  detach(): Promise<void>;
  /** Ends every process and container of the deployment, then removes its temporary files. Safe to call twice. */
  down(): Promise<void>;
}

export type PlatformName = "local" | "docker";

/** A deployment that outlives the command that brought it up: `sse-lab up`, then `bounce` and `down` by other commands. */
export interface RunningDeployment {
  id: string;
  topology: string;
  platform: PlatformName;
  url: string;
  dashboardUrl: string;
  instances: readonly string[];
  /** Direct base URL of each instance, for looking at /metrics. */
  instanceUrls: Readonly<Record<string, string>>;
  /** Of a topology whose clients subscribe to Realtime directly. */
  realtime?: Pick<RealtimeComponent, "name" | "standIn" | "url">;
  /** ISO 8601. */
  startedAt: string;
}

export interface DeploymentListeners {
  onInstance?: UpOptions["onInstance"] | undefined;
  onComponentExit?: UpOptions["onComponentExit"] | undefined;
  onStep?: UpOptions["onStep"] | undefined;
  signal?: AbortSignal | undefined;
}

/** What a sweep found. */
export interface SweepReport {
  /** What was removed: id, and what there was of it, for people ("3 processes", "5 containers, 1 network"). */
  swept: { id: string; what: string }[];
  /** Ids left alone, by reason: kept on purpose, of a command that still runs, of another host. */
  kept: string[];
  owned: string[];
  foreign: string[];
  /** One line each on what could not be cleaned up; it is tried again next time. */
  problems: string[];
}

export interface Platform {
  name: PlatformName;
  /** Settings that decide figures, for the manifest. */
  settings: Readonly<Record<string, string | number>>;
  /**
   * Longest time on a quiet host from the start of a bounce to its end, seconds: a load that is over by then would not show the
   * whole bounce.
   */
  bounceSeconds(kind: BounceKind, replicas: number): number;
  /** Finds or fetches all that the topologies need, so that no measured run waits for it. Rejects with what is missing and how to get it. */
  prepare(options: PrepareOptions): Promise<void>;
  up(options: UpOptions): Promise<Deployment>;
  /** The kept deployments of this checkout that still run, oldest first. Cheap where there is none. */
  findRunning(): Promise<RunningDeployment[]>;
  /**
   * Takes hold of a kept deployment. End with its `release` (it goes on running) or `down`. Rejects when no such deployment is kept,
   * or another command has hold of it.
   */
  attach(id: string, listeners: DeploymentListeners): Promise<Deployment>;
  /** Removes deployments whose command is dead. Cheap where there is none. */
  sweepLeftovers(): Promise<SweepReport>;
  /** As `sweepLeftovers`, and takes down what `sse-lab up` left running. Deployments of living commands are left alone. */
  downAll(onStep?: (step: string) => void): Promise<SweepReport>;
}
