/** Carries bounces out and writes each start and end into the history. */
import { setTimeout as sleep } from "node:timers/promises";
import { nowMs } from "../clock.ts";
import type { BounceKind, Recorder } from "../history/observation.ts";
import type { InstanceControl } from "../platform/platform.ts";

export interface NemesisSettings {
  /** A stopped instance that is still there after this long is killed, as an orchestrator would. Milliseconds. */
  stopGraceMs: number;
  /** How long a crashed instance stays away before its supervisor starts it again. Milliseconds. */
  restartDelayMs: number;
}

export const DEFAULT_NEMESIS_SETTINGS: NemesisSettings = { stopGraceMs: 10_000, restartDelayMs: 1_000 };

export interface BounceRequest {
  kind: BounceKind;
  instances: readonly string[];
  control: InstanceControl;
  recorder: Recorder;
  /** Chooses the instance that crashes, so that the same seed hits the same one. */
  seed: number;
  settings?: NemesisSettings;
  onStep?: (step: string) => void;
  signal?: AbortSignal;
}

/** Instances that one disturbance hits together, and how. */
interface Disturbance {
  target: string;
  carryOut: () => Promise<void>;
}

/**
 * Carries one bounce out: `rolling` replaces one instance after the other behind readiness, `recreate` stops all
 * before it starts any, `crash` kills one with SIGKILL and lets it come back, `none` does nothing.
 * A disturbance that fails is recorded with its error and ends the bounce; the checker then trusts nothing of the run.
 */
export async function bounce(request: BounceRequest): Promise<void> {
  let number = 0;
  for (const disturbance of plan(request)) {
    if (request.signal?.aborted) return;
    number += 1;
    const record = (state: "started" | "ended", error?: string): void =>
      request.recorder.record({
        type: "bounce",
        bounce: number,
        kind: request.kind,
        target: disturbance.target,
        state,
        ...(error === undefined ? {} : { error }),
        atMs: nowMs(),
      });
    request.onStep?.(`${request.kind} ${disturbance.target}`);
    record("started");
    try {
      await disturbance.carryOut();
      record("ended");
    } catch (error) {
      record("ended", error instanceof Error ? error.message : String(error));
      return;
    }
  }
}

function plan(request: BounceRequest): Disturbance[] {
  const { control, instances, signal } = request;
  const { stopGraceMs, restartDelayMs } = request.settings ?? DEFAULT_NEMESIS_SETTINGS;
  switch (request.kind) {
    case "none":
      return [];
    case "rolling":
      return instances.map((target) => ({
        target,
        carryOut: async () => {
          await control.stop(target, stopGraceMs);
          await control.start(target);
        },
      }));
    case "recreate":
      return [
        {
          target: "all",
          carryOut: async () => {
            await Promise.all(instances.map((instance) => control.stop(instance, stopGraceMs)));
            await Promise.all(instances.map((instance) => control.start(instance)));
          },
        },
      ];
    case "crash": {
      const target = instances[request.seed % instances.length];
      if (target === undefined) throw new Error("crash: the deployment has no instance to crash");
      return [
        {
          target,
          carryOut: async () => {
            await control.kill(target);
            await sleep(restartDelayMs, undefined, signal ? { signal } : {});
            await control.start(target);
          },
        },
      ];
    }
  }
}
