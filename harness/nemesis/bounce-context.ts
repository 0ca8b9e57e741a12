/** What every kind of bounce is carried out with. */
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_GRACE_S } from "../../common/portable/default-grace.ts";
import { nowMs } from "../../common/clock.ts";
import { seededRandom } from "../../common/portable/seeded-random.ts";
import type { Deployment, ServerSettings } from "../platform/platform.ts";
import type { EdgeControl } from "./edge/edge-proxy.ts";
import type { ChaosStep } from "./plan-chaos.ts";
import type { BounceKind } from "../history/observation.ts";
import { KINDS_OF_BOUNCE } from "./kinds.ts";
import type { DisturbanceLog } from "./disturbance-log.ts";

export interface NemesisSettings {
  /**
   * A stopping instance is killed after this long, as by an orchestrator. Milliseconds; 0: at once.
   */
  stopGraceMs: number;
  /** How long a crashed instance is down until its supervisor restarts it, milliseconds. */
  restartDelayMs: number;
  /** How long Realtime is down in an outage, milliseconds. */
  realtimeOutageMs: number;
  /** Grace of a host that kills before the drain is over, milliseconds. */
  drainCutMs: number;
  /** Longest response that the host's edge lets pass, and how long it does so, milliseconds. */
  requestCapMs: number;
  requestCapForMs: number;
  /** Longest silence that the host's edge lets pass, and how long it does so, milliseconds. */
  idleCutMs: number;
  idleCutForMs: number;
  /** Share of the open streams whose clients read slowly or not at all, and for how long. */
  slowShare: number;
  slowForMs: number;
  /** How long an instance is paused, milliseconds. Longer than the lease of its pipelines. */
  pauseMs: number;
  /** How long Redis is down in an outage, milliseconds. */
  redisOutageMs: number;
  /** How long Redis is paused, milliseconds. Longer than clients wait for an answer. */
  redisPauseMs: number;
  /** How long the demoted Redis runs on, milliseconds. */
  failoverMs: number;
  /** How long the router is down in a restart, milliseconds. */
  routerRestartMs: number;
  /** How long an instance is cut off, milliseconds. */
  partitionMs: number;
  /** From the end of a migration's step to the start of the next one, milliseconds. */
  migrationHoldMs: number;
}

const awayMs = (kind: BounceKind): number => (KINDS_OF_BOUNCE[kind].awayS ?? 0) * 1000;

export const DEFAULT_NEMESIS_SETTINGS: NemesisSettings = {
  stopGraceMs: DEFAULT_GRACE_S * 1000,
  restartDelayMs: 1_000,
  realtimeOutageMs: 3_000,
  drainCutMs: 1_500,
  requestCapMs: 3_000,
  requestCapForMs: 9_000,
  idleCutMs: 2_000,
  idleCutForMs: 8_000,
  slowShare: 0.25,
  slowForMs: 6_000,
  pauseMs: awayMs("pause"),
  redisOutageMs: awayMs("redis-outage"),
  redisPauseMs: awayMs("redis-pause"),
  failoverMs: awayMs("redis-failover"),
  routerRestartMs: awayMs("router-restart"),
  partitionMs: awayMs("redis-partition"),
  migrationHoldMs: 3_000,
};

/** The parts of a deployment that bounces touch. */
export type BouncedDeployment = Pick<
  Deployment,
  | "instances"
  | "instanceUrls"
  | "control"
  | "bounceByCommand"
  | "router"
  | "broker"
  | "links"
  | "scale"
  | "realtime"
>;

export interface BounceContext {
  /** Present if clients reach the router through it. */
  edge?: EdgeControl | undefined;
  deployment: BouncedDeployment;
  settings: NemesisSettings;
  /** Present in a chaos run: its steps, and when the last one must be over. */
  chaos?: { steps: readonly ChaosStep[]; untilMs: number } | undefined;
  /** What a deploy changes of the servers' environment. Undefined: nothing. */
  serverSettings?: ServerSettings;
  /** Selects targets: the same seed selects the same ones. */
  seed: number;
  log: DisturbanceLog;
  signal?: AbortSignal | undefined;
}

/** Carries out one bounce, and records each disturbance. Never rejects. */
export type CarryOut = (context: BounceContext) => Promise<void>;

/** The target of a disturbance of every instance. */
export const ALL = "all";

export const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Records the start of a disturbance, and its end or its error. Never rejects. */
export async function disturb(
  { log }: BounceContext,
  target: string,
  carryOut: () => Promise<void>,
): Promise<void> {
  log.started(target);
  try {
    await carryOut();
    log.ended(target);
  } catch (error) {
    log.failed(target, reasonOf(error));
  }
}

/** A disturbance that begins, lasts and is undone. */
export interface Disturbance {
  begin: () => Promise<void>;
  forMs: number;
  /** Also called if the bounce is told to stop. */
  end: () => Promise<void>;
  /** True if it is over when its end begins: what is frozen wakes up then. */
  overAtOnce?: boolean;
}

/** Records a disturbance that lasts. Never rejects. */
export async function disturbFor(
  context: BounceContext,
  target: string,
  how: Disturbance,
): Promise<void> {
  const { log } = context;
  log.started(target);
  try {
    await how.begin();
    let overMs: number | undefined;
    try {
      await hold(context, how.forMs);
    } finally {
      if (how.overAtOnce) overMs = nowMs();
      await how.end();
    }
    log.ended(target, overMs);
  } catch (error) {
    log.failed(target, reasonOf(error));
  }
}

/** The instance that the seed chooses. Records a failure and returns undefined without any. */
export function chooseInstance({ deployment, seed, log }: BounceContext): string | undefined {
  const { instances } = deployment;
  const target = instances[seededRandom(seed).integer(0, instances.length - 1)];
  if (target === undefined) log.failed(ALL, "the deployment has no instance");
  return target;
}

/** Waits while a disturbance lasts. Rejects if the bounce is told to stop. */
export const hold = ({ signal }: BounceContext, ms: number): Promise<void> =>
  sleep(ms, undefined, signal ? { signal } : {});
