/** Carries out bounces and records each start and end. `kinds.ts` says what each kind does. */
import type { BounceKind, Recorder } from "../history/observation.ts";
import {
  DEFAULT_NEMESIS_SETTINGS,
  type BounceContext,
  type CarryOut,
  type NemesisSettings,
} from "./bounce-context.ts";
import { scaleIn, scaleOut } from "./kinds/scale.ts";
import { DisturbanceLog } from "./disturbance-log.ts";
import { command } from "./kinds/command.ts";
import { chaos } from "./kinds/chaos.ts";
import { drainCut, recreate, rolling } from "./kinds/deploys.ts";
import { idleCut, requestCap, slowSubscriber } from "./kinds/edge.ts";
import { migration } from "./kinds/migration.ts";
import { crash, pause } from "./kinds/instances.ts";
import { redisPartition, routerPartition, routerRestart } from "./kinds/network.ts";
import { realtimeOutage } from "./kinds/realtime.ts";
import { redisFailover, redisFlush, redisOutage, redisPause } from "./kinds/redis.ts";

export interface BounceRequest extends Pick<
  BounceContext,
  "deployment" | "edge" | "chaos" | "seed" | "signal"
> {
  kind: BounceKind;
  recorder: Recorder;
  /** Default: `DEFAULT_NEMESIS_SETTINGS`. */
  settings?: NemesisSettings;
  onStep?: (step: string) => void;
}

const STEPS: Readonly<Record<Exclude<BounceKind, "chaos">, CarryOut>> = {
  none: () => Promise.resolve(),
  rolling,
  recreate,
  crash,
  pause,
  "redis-outage": redisOutage,
  "redis-pause": redisPause,
  "redis-flush": redisFlush,
  "redis-failover": redisFailover,
  "redis-partition": redisPartition,
  "router-restart": routerRestart,
  "router-partition": routerPartition,
  "realtime-outage": realtimeOutage,
  "drain-cut": drainCut,
  "scale-out": scaleOut,
  "scale-in": scaleIn,
  "request-cap": requestCap,
  "idle-cut": idleCut,
  "slow-subscriber": slowSubscriber,
  command,
  migration,
};

const CARRY_OUT: Readonly<Record<BounceKind, CarryOut>> = { ...STEPS, chaos: chaos(STEPS) };

/**
 * Carries out one bounce. Never rejects. A failed disturbance is recorded with its error and ends
 * the bounce; the checker then does not trust the run.
 */
export async function bounce(request: BounceRequest): Promise<void> {
  const { kind, signal, deployment, edge, chaos: plan, seed, recorder, onStep } = request;
  if (signal?.aborted) return;
  await CARRY_OUT[kind]({
    deployment,
    edge,
    chaos: plan,
    seed,
    signal,
    settings: request.settings ?? DEFAULT_NEMESIS_SETTINGS,
    log: new DisturbanceLog(kind, recorder, onStep),
  });
}
