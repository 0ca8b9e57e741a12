/** Carries out bounces and records each start and end. */
import { setTimeout as sleep } from "node:timers/promises";
import type { BounceKind, Recorder } from "../history/observation.ts";
import { seededRandom } from "../../common/portable/seeded-random.ts";
import { DEFAULT_GRACE_S } from "../../common/portable/default-grace.ts";
import type { InstanceControl, RealtimeComponent } from "../platform/platform.ts";
import { DisturbanceLog } from "./disturbance-log.ts";

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

export interface BounceRequest {
  kind: BounceKind;
  instances: readonly string[];
  control: InstanceControl;
  /** Present if the deployment uses Realtime. */
  realtime?: RealtimeComponent | undefined;
  recorder: Recorder;
  /** Selects the instance that crashes: the same seed gives the same one. */
  seed: number;
  settings?: NemesisSettings;
  onStep?: (step: string) => void;
  signal?: AbortSignal;
}

/**
 * Carries out one bounce. `rolling` deploys the instances one by one, each after the other is
 * ready; `recreate` deploys all at once; `crash` kills one with SIGKILL and restarts it;
 * `realtime-outage` does so with Realtime; `none` does nothing. Never rejects. A failed disturbance
 * is recorded with its error and ends the bounce; the checker then does not trust the run.
 */
export async function bounce(request: BounceRequest): Promise<void> {
  const { kind, signal } = request;
  if (kind === "none" || signal?.aborted) return;
  const log = new DisturbanceLog(kind, request.recorder, request.onStep);
  if (kind === "rolling") await deployRolling(request, log);
  else if (kind === "recreate") await deployAll(request, log);
  else if (kind === "realtime-outage") await takeRealtimeAway(request, log);
  else {
    const { instances, seed } = request;
    const target = instances[seededRandom(seed).integer(0, instances.length - 1)];
    if (target === undefined) log.failed(ALL, "the deployment has no instance to crash");
    else await disturb(log, target, () => crash(request, target));
  }
}

/** The target of a disturbance of every instance. */
const ALL = "all";
/** The target if the deployment names no Realtime component. */
const REALTIME = "realtime";

const settingsOf = ({ settings }: BounceRequest): NemesisSettings =>
  settings ?? DEFAULT_NEMESIS_SETTINGS;

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

async function disturb(
  log: DisturbanceLog,
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

/** Records one disturbance per instance, with the times of the platform. */
async function deployRolling(request: BounceRequest, log: DisturbanceLog): Promise<void> {
  const { instances, control } = request;
  const untouched = new Set(instances);
  try {
    await control.deploy({
      strategy: "rolling",
      graceMs: settingsOf(request).stopGraceMs,
      onReplace: (instance, state, atMs) => {
        if (state === "started") {
          untouched.delete(instance);
          log.started(instance, atMs);
        } else log.ended(instance, atMs);
      },
    });
    for (const instance of [...log.underWay(), ...untouched]) {
      log.failed(instance, "the deploy ended without replacing this instance");
    }
  } catch (error) {
    const underWay = log.underWay();
    const next = underWay.length > 0 ? underWay : [[...untouched][0] ?? ALL];
    for (const target of next) log.failed(target, reasonOf(error));
  }
}

/** Records one disturbance, from the first instance that stops to the last that is back. */
async function deployAll(request: BounceRequest, log: DisturbanceLog): Promise<void> {
  const { instances, control } = request;
  const notReplaced = new Set(instances);
  let lastEndMs = 0;
  try {
    await control.deploy({
      strategy: "recreate",
      graceMs: settingsOf(request).stopGraceMs,
      onReplace: (instance, state, atMs) => {
        if (state === "started") {
          if (log.underWay().length === 0) log.started(ALL, atMs);
          return;
        }
        notReplaced.delete(instance);
        lastEndMs = Math.max(lastEndMs, atMs);
      },
    });
    if (notReplaced.size === 0) log.ended(ALL, lastEndMs);
    else {
      const names = [...notReplaced].join(", ");
      log.failed(ALL, `the deploy ended without replacing these instances: ${names}`);
    }
  } catch (error) {
    log.failed(ALL, reasonOf(error));
  }
}

async function crash(request: BounceRequest, target: string): Promise<void> {
  const { control } = request;
  await control.kill(target);
  await pause(request, settingsOf(request).restartDelayMs);
  await control.start(target);
}

async function takeRealtimeAway(request: BounceRequest, log: DisturbanceLog): Promise<void> {
  const { realtime } = request;
  const control = realtime?.control;
  if (!realtime || !control) {
    const why = realtime
      ? "the lab cannot stop a hosted Realtime"
      : "the deployment does not use Realtime";
    log.failed(realtime?.name ?? REALTIME, why);
    return;
  }
  await disturb(log, realtime.name, async () => {
    await control.kill();
    await pause(request, settingsOf(request).realtimeOutageMs);
    await control.start();
  });
}

const pause = ({ signal }: BounceRequest, ms: number): Promise<void> =>
  sleep(ms, undefined, signal ? { signal } : {});
