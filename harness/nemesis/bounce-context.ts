/** What every kind of bounce is carried out with. */
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_GRACE_S } from "../../common/portable/default-grace.ts";
import type { Deployment } from "../platform/platform.ts";
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
}

export const DEFAULT_NEMESIS_SETTINGS: NemesisSettings = {
  stopGraceMs: DEFAULT_GRACE_S * 1000,
  restartDelayMs: 1_000,
  realtimeOutageMs: 3_000,
};

/** The parts of a deployment that bounces touch. */
export type BouncedDeployment = Pick<Deployment, "instances" | "control" | "realtime">;

export interface BounceContext {
  deployment: BouncedDeployment;
  settings: NemesisSettings;
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
