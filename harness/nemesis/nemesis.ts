/** Carries bounces out and writes each start and end into the history. */
import { setTimeout as sleep } from "node:timers/promises";
import type { BounceKind, Recorder } from "../history/observation.ts";
import { DEFAULT_GRACE_S } from "../../common/portable/default-grace.ts";
import type { InstanceControl, RealtimeComponent } from "../platform/platform.ts";
import { DisturbanceLog } from "./disturbance-log.ts";

export interface NemesisSettings {
  /** A stopped instance that is still there after this long is killed, as an orchestrator would. Milliseconds; 0: killed at once. */
  stopGraceMs: number;
  /** How long a crashed instance stays away before its supervisor starts it again. Milliseconds. */
  restartDelayMs: number;
  /** How long Realtime stays away in an outage. Milliseconds. */
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
  /** Of a deployment that has one. */
  realtime?: RealtimeComponent | undefined;
  recorder: Recorder;
  /** Chooses the instance that crashes, so that the same seed hits the same one. */
  seed: number;
  settings?: NemesisSettings;
  onStep?: (step: string) => void;
  signal?: AbortSignal;
}

/**
 * Carries one bounce out: `rolling` deploys one instance after the other behind readiness, `recreate` all at once,
 * `crash` kills one with SIGKILL and lets it come back, `realtime-outage` does so with Realtime, `none` does nothing. Never rejects.
 * A disturbance that fails is recorded with its error and ends the bounce; the checker then trusts nothing of the run.
 */
export async function bounce(request: BounceRequest): Promise<void> {
  const { kind, signal } = request;
  if (kind === "none" || signal?.aborted) return;
  const log = new DisturbanceLog(kind, request.recorder, request.onStep);
  if (kind === "rolling") await deployRolling(request, log);
  else if (kind === "recreate") await deployAll(request, log);
  else if (kind === "realtime-outage") await takeRealtimeAway(request, log);
  else {
    const target = request.instances[request.seed % request.instances.length];
    if (target === undefined) log.failed(ALL, "the deployment has no instance to crash");
    else await disturb(log, target, () => crash(request, target));
  }
}

/** The target of what disturbs every instance at once. */
const ALL = "all";
/** The target where there is no part that could be named. */
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

/** Each instance is a disturbance of its own, with the times that the platform tells. */
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
      log.failed(instance, "the deploy ended without a word that this instance was replaced");
    }
  } catch (error) {
    const underWay = log.underWay();
    const next = underWay.length > 0 ? underWay : [[...untouched][0] ?? ALL];
    for (const target of next) log.failed(target, reasonOf(error));
  }
}

/** One disturbance, from the first instance that is touched to the last that is back: what the platform does before is none. */
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
      log.failed(
        ALL,
        `the deploy ended without a word that these instances were replaced: ${names}`,
      );
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
      ? "its Realtime is hosted, and not ours to disturb"
      : "it has no Realtime to disturb";
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
