/** The platform port: how the harness runs a topology. Times are on the harness clock. */
import type { PrepareOptions, ServiceImage } from "../../infra/images/prepared-image.ts";
import type { RealtimeSettings } from "../../infra/realtime/realtime-settings.ts";
import type { Topology } from "../../infra/topologies.ts";
import type { BounceKind, InstanceObservation, UsageObservation } from "../history/observation.ts";

export interface DeploymentListeners {
  /** An instance changed its state at `atMs`. */
  onInstance?:
    ((instance: string, state: InstanceObservation["state"], atMs: number) => void) | undefined;
  /**
   * A component that is no instance (`traefik`, `valkey`) exited by itself; noticed at `atMs`.
   * Never called for what `down` ends.
   */
  onComponentExit?: ((component: string, atMs: number) => void) | undefined;
  /** One line of progress, e.g. `waiting for server-2 to be ready`. */
  onStep?: ((step: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface UpOptions extends DeploymentListeners {
  topology: Topology;
  /**
   * Name of the stack, e.g. `phase1`; `pulumi up -s phase1` then continues it. A name in use is
   * refused. Default: the topology's name and a random suffix. Ignored on host processes.
   */
  name?: string;
  /** Overrides the topology's replicas. */
  replicas: number;
  /** `stopped`: Redis does not run, to show the fallback. Ignored without Redis. */
  redis: "up" | "stopped";
  /** Environment of the servers in place of single `serverSettings`. */
  serverSettings?: Readonly<Record<string, string>>;
  /** Runs in the place of the lab's own server. Default: the lab's own server. */
  service?: ServiceProgram | undefined;
  /** Default: `DEFAULT_REALTIME_SETTINGS`. Ignored without Realtime. */
  realtime?: RealtimeSettings;
  /** Puts a relay into each link, so that it can be cut. Costs latency. Default: false. */
  relays?: boolean;
  /** For logs, ledgers and router files of this deployment only. Created if missing. */
  workDir: string;
}

/** What differs between the processes of a service. */
export interface ProgramValues {
  port: number;
  instance: string;
  ledgerDir: string;
  /** Undefined if the topology has no Redis. */
  redisUrl: string | undefined;
}

/** A program of the user in one topology. */
export interface ServiceProgram {
  name: string;
  /**
   * A text that is left with `${revision}` gets the number of the start of that instance: 1 for the
   * first one.
   */
  start(values: ProgramValues): {
    /** The program, then its arguments. */
    command: readonly [string, ...string[]];
    /** Beside PATH, HOME and TMPDIR, nothing is inherited. */
    environment: Readonly<Record<string, string>>;
  };
  /** Absolute. The program runs there. */
  folder: string;
  /** GET answers 2xx once the instance can serve. */
  readyPath: string;
  /** From the start of an instance. Undefined: the platform's own limit. */
  readyWithinMs: number | undefined;
  stopSignal: NodeJS.Signals;
  /** From the stop signal to SIGKILL. Undefined: what the deploy asks for. */
  graceMs: number | undefined;
  /** How it runs in containers. Without it, it runs as host processes only. */
  container?: ServiceContainer | undefined;
}

export interface ServiceContainer {
  image: ServiceImage;
  /** That it listens on. */
  port: number;
  /** Undefined: the image's, if that is not root, else an unprivileged one. */
  user: string | undefined;
}

/** A ledger file of one process of an instance. */
export interface LedgerFile {
  instance: string;
  path: string;
  /** The process served another run before. What it wrote until then tells its state only. */
  sinceMs?: number;
}

/** Environment of the servers, in place of what they were started with. Undefined: not set. */
export type ServerSettings = Readonly<Record<string, string | undefined>>;

/**
 * Replaces the process of every instance. On Docker, containers of a new revision replace the old
 * ones; on host processes the same program starts again.
 */
export interface Deploy {
  /**
   * `rolling`: one by one; each is ready before the next stops. `recreate`: all stop, then all
   * start.
   */
  strategy: "rolling" | "recreate";
  /** From SIGTERM to SIGKILL, milliseconds. 0: SIGKILL at once; Docker sends SIGTERM first. */
  graceMs: number;
  /** What the new processes have in place of the deployment's own settings. Default: as before. */
  settings?: ServerSettings;
  /**
   * A replacement starts before the instance is touched. It ends when the new process is ready
   * and the router sends it traffic.
   */
  onReplace?: (instance: string, state: "started" | "ended", atMs: number) => void;
}

/** What the nemesis may do to instances. A failure carries the last log lines of the instance. */
export interface InstanceControl {
  /**
   * Resolves when the router sends traffic to every new instance. An instance that was down is
   * brought up too, but its replacement is not reported as ended and the deploy rejects.
   */
  deploy(deploy: Deploy): Promise<void>;
  /** SIGKILL. Resolves once it is gone. Rejects if it is not running: nothing to kill. */
  kill(instance: string): Promise<void>;
  /** Resolves when the router sends it traffic. Does nothing if it runs already. */
  start(instance: string): Promise<void>;
  /** Freezes its process. Resolves once it is frozen. Rejects if it is not running. */
  pause(instance: string): Promise<void>;
  /** Does nothing if it is not frozen. */
  resume(instance: string): Promise<void>;
}

/** Which Realtime implementation answers. */
export interface RealtimeImplementation {
  /** As the history names it: `realtime-standin`, or `realtime` for Supabase's own server. */
  name: string;
  /** True: not Supabase's server. */
  standIn: boolean;
}

export interface RealtimeEndpoint extends RealtimeImplementation {
  /** The WebSocket URL for clients, e.g. `ws://127.0.0.1:18000/socket`. */
  url: string;
}

/** What the nemesis may do to a component that is no instance. Its exits are not reported. */
export interface ComponentControl {
  /** SIGKILL disconnects every client. Resolves once it is gone. Rejects if not running. */
  kill(): Promise<void>;
  /** Resolves when it accepts connections. Does nothing if it runs already. */
  start(): Promise<void>;
}

export interface RealtimeComponent extends RealtimeEndpoint {
  /** Absent for a hosted Realtime: the lab does not disturb it. */
  control?: ComponentControl;
}

/** What a router's configuration says from here on. */
export interface RouterChange {
  affinity: "none" | "cookie";
  /** Those that it sends traffic. All of them run. */
  instances: readonly string[];
}

/** The router, as the history names it. */
export interface RouterComponent extends ComponentControl {
  name: string;
  /**
   * Changes its configuration while it runs; open connections stay. Resolves when it is in force,
   * and every instance gets traffic. Absent where that is not possible.
   */
  change?: (change: RouterChange) => Promise<void>;
}

/** A component that freezes: its connections stay open, and nothing answers. */
export interface Pausable {
  /** Rejects if it is not running. */
  pause(): Promise<void>;
  /** Does nothing if it is not frozen. */
  resume(): Promise<void>;
}

/** Redis (Valkey), as the history names it. */
export interface BrokerComponent extends ComponentControl, Pausable {
  name: string;
  /** Removes all data. */
  flush(): Promise<void>;
  /** Absent where an address cannot move away from its connections. */
  failover?: FailoverControl;
}

/** The steps of a failover, in order. */
export interface FailoverControl {
  /** Starts a replica. Resolves once it has the data of the primary. */
  replicate(): Promise<void>;
  /**
   * The replica becomes the primary and takes the address over. Open connections stay with the old
   * primary, which becomes its replica.
   */
  promote(): Promise<void>;
  /** Ends the old primary. */
  retire(): Promise<void>;
}

/** Another component, as an instance reaches it or is reached by it. */
export type Peer = "redis" | "router";

/** The links between instances and other components. */
export interface LinkControl {
  /** From now on no byte passes, in either direction. Nothing tells either end. */
  cut(instance: string, peer: Peer): Promise<void>;
  /** What waits at either end passes, then everything. */
  mend(instance: string, peer: Peer): Promise<void>;
}

/** What a component has used since its start, by the kernel's accounting. */
export type ComponentUsage = Omit<UsageObservation, "type">;

export interface ScaleControl {
  /** The instances that run, in their order. */
  running(): readonly string[];
  /** SIGTERM, then SIGKILL after the grace. Rejects if it is not running. */
  remove(instance: string, graceMs: number): Promise<void>;
  /** Starts it. Resolves once it is ready, whatever the router knows of it. */
  boot(instance: string): Promise<void>;
}

/** A topology that is up. */
export interface Deployment {
  /** Unique on this host, e.g. `phase1-x3k9q2`. */
  id: string;
  topology: string;
  /** Base URL of the router, e.g. `http://127.0.0.1:18080`. */
  url: string;
  dashboardUrl?: string;
  /** The instances that may be bounced. */
  instances: readonly string[];
  /** Direct base URLs, for looking at /metrics. Load goes through the router only. */
  instanceUrls: Readonly<Record<string, string>>;
  control: InstanceControl;
  /** Present if a command of the user disturbs it. Rejects if the command fails. */
  bounceByCommand?: () => Promise<void>;
  router: RouterComponent;
  /** Present if the topology has Redis, and it was started. */
  broker?: BrokerComponent;
  /** Present if it was started with relays. */
  links?: LinkControl | undefined;
  /** Puts links in place that can be cut, if it was started without. */
  prepareLinks?(): Promise<void>;
  /** Present if instances can be added and removed under load. */
  scale?: ScaleControl;
  /** Present if clients subscribe to Realtime directly. */
  realtime?: RealtimeComponent;
  /** By component, e.g. `{ traefik: "3.7.15", node: "20.20.2" }`. A stand-in has its own name. */
  versions: Readonly<Record<string, string>>;
  /** Present if it was up before and stays up: what readers of its figures must know. */
  attached?: readonly string[];
  /** All ledger files so far, including those of dead processes. */
  ledgers(): Promise<LedgerFile[]>;
  /** One reading of every running component. Leaves out one that has just gone. */
  usage(): Promise<ComponentUsage[]>;
  /**
   * Leaves it running after this process, until `downAll`. Do not use this object afterwards. On
   * host processes only one deployment of a topology can be detached: any other is taken down,
   * and its call rejects.
   */
  detach(): Promise<void>;
  /** Ends every process or container, then removes temporary files. May be called twice. */
  down(): Promise<void>;
}

/** `target`: somebody else runs the deployment, and the lab starts none. */
export type PlatformName = "local" | "docker" | "target";

/** A detached deployment, as later commands find it. `sse-lab up --json` prints it. */
export interface RunningDeployment {
  id: string;
  topology: string;
  platform: PlatformName;
  url: string;
  dashboardUrl: string;
  instances: readonly string[];
  instanceUrls: Readonly<Record<string, string>>;
  realtime?: RealtimeEndpoint;
  settings: RunningSettings;
  /** ISO 8601. */
  startedAt: string;
}

/** What a deployment was started with, as far as it changes figures. */
export interface RunningSettings {
  /** `stopped`: its topology has Redis, but none was started. */
  redis: "up" | "stopped";
  /** Environment of the servers, without addresses, names and secrets. */
  servers: Readonly<Record<string, string>>;
  /** Present if clients subscribe to Realtime, and it is on record. */
  realtime?: RecordedRealtime;
}

export interface RecordedRealtime extends Pick<RealtimeSettings, "plan" | "publish" | "catchUp"> {
  /** True if the lab does not run it. */
  hosted: boolean;
}

/** A detached deployment, and the platform that can change it. */
export interface FoundDeployment {
  deployment: RunningDeployment;
  platform: Platform;
}

/** What a sweep found. `sse-lab down --json` prints it. */
export interface SweepReport {
  /** Removed deployments. `what` describes what there was, e.g. `5 containers, 1 network`. */
  swept: { id: string; what: string }[];
  /** Ids left alone: detached, of a living command. */
  kept: string[];
  owned: string[];
  /** Left alone too. `why`: whose it is, and the file to remove if that is gone for good. */
  foreign: { id: string; why: string }[];
  /** One line for each failure. The next sweep tries again. */
  problems: string[];
}

export interface Platform {
  name: PlatformName;
  /** Settings that affect figures, for the manifest. */
  settings: Readonly<Record<string, string | number>>;
  /** Longest bounce on a quiet host, seconds. A shorter load would not show all of it. */
  bounceSeconds(kind: BounceKind, replicas: number): number;
  /** Fetches or builds what the topologies need, so that no measured run waits for it. */
  prepare(options: PrepareOptions): Promise<void>;
  up(options: UpOptions): Promise<Deployment>;
  /** The detached deployments of this checkout that still run, oldest first. */
  findRunning(): Promise<RunningDeployment[]>;
  /**
   * Makes this process the owner of a detached deployment. End with `detach` or `down`. Rejects
   * if no such deployment runs, or another command owns it.
   */
  attach(id: string, listeners: DeploymentListeners): Promise<Deployment>;
  /** Removes deployments whose command is dead. */
  sweepLeftovers(): Promise<SweepReport>;
  /** Also removes detached deployments. Leaves those of living commands alone. */
  downAll(onStep?: (step: string) => void): Promise<SweepReport>;
}
