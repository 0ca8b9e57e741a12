/** What every kind of bounce is carried out with. */
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_GRACE_S } from "../../common/portable/default-grace.ts";
import type { Deployment } from "../platform/platform.ts";
import type { EdgeControl } from "./edge/edge-proxy.ts";
import type { ChaosStep } from "./plan-chaos.ts";
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
}

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
};

/** The parts of a deployment that bounces touch. */
export type BouncedDeployment = Pick<
  Deployment,
  "instances" | "instanceUrls" | "control" | "realtime"
>;

export interface BounceContext {
  /** Present if clients reach the router through it. */
  edge?: EdgeControl | undefined;
  deployment: BouncedDeployment;
  settings: NemesisSettings;
  /** Present in a chaos run: its steps, and when the last one must be over. */
  chaos?: { steps: readonly ChaosStep[]; untilMs: number } | undefined;
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

/** Waits while a disturbance lasts. Rejects if the bounce is told to stop. */
export const hold = ({ signal }: BounceContext, ms: number): Promise<void> =>
  sleep(ms, undefined, signal ? { signal } : {});
