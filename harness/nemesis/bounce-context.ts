/** What every kind of bounce is carried out with. */
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_GRACE_S } from "../../common/portable/default-grace.ts";
import { nowMs } from "../../common/clock.ts";
import { seededRandom } from "../../common/portable/seeded-random.ts";
import type { Deployment, ServerSettings } from "../platform/platform.ts";
import type { EdgeControl } from "./edge/edge-proxy.ts";
import type { ChaosStep } from "./plan-chaos.ts";
import type { BounceKind } from "../history/observation.ts";
import { settingOf, type BounceSettings } from "./bounce-settings.ts";
import type { DisturbanceLog } from "./disturbance-log.ts";

export interface NemesisSettings {
  /**
   * A stopping instance is killed after this long, as by an orchestrator. Milliseconds; 0: at once.
   */
  stopGraceMs: number;
  /** Of each kind that has any. */
  bounces: BounceSettings;
  /** From the end of a migration's step to the start of the next one, milliseconds. */
  migrationHoldMs: number;
}

export const DEFAULT_NEMESIS_SETTINGS: NemesisSettings = {
  stopGraceMs: DEFAULT_GRACE_S * 1000,
  bounces: {},
  migrationHoldMs: 3_000,
};

/** How long a kind of bounce lasts, or what its host waits, milliseconds. */
export const msOf = (
  { settings }: Pick<BounceContext, "settings">,
  kind: BounceKind,
  name: "for" | "after" = "for",
): number => settingOf(settings.bounces, kind, name) * 1000;

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
