/** Loads one deployment again and again, each time harder, until it gives in. */
import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Topology } from "../../../infra/topologies.ts";
import type { RunResult } from "../../checker/run-result.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Capacity } from "../../report/capacity/capacity-markdown.ts";
import {
  type CapacityStep,
  firstToGiveIn,
  stepOf,
  type Thresholds,
} from "../../report/capacity/capacity.ts";
import { completeScenario } from "../../scenario/load-times.ts";
import { replicasOf, type Scenario } from "../../scenario/scenario.ts";
import { judgeAll } from "../results/make-summary.ts";
import { createWorkFolder } from "../results/work-folder.ts";
import { observationsOf } from "../run-comparison.ts";
import { runSingle } from "../run-single.ts";
import { KeptDeployment } from "./kept-deployment.ts";
import { type Level, searchCapacity, type SearchLimits } from "./search-capacity.ts";

export interface CapacityRequest {
  topology: Topology;
  platform: Platform;
  /** What all levels have in common. */
  scenario: Partial<Scenario>;
  /** Measured part of each level, seconds. */
  measureS: number;
  limits: SearchLimits;
  thresholds: Thresholds;
  /** A level begins. */
  onLevel: (level: Level) => void;
  onStep: (step: CapacityStep) => void;
  signal: AbortSignal;
}

export interface MeasuredCapacity {
  capacity: Capacity;
  /** At the highest level that held, with its load. Undefined: none held. */
  held: { result: RunResult; eventsPerSecond: number; durationS: number } | undefined;
}

/** @throws what the platform or the engine threw; the deployment is down by then */
export async function runCapacity(request: CapacityRequest): Promise<MeasuredCapacity> {
  const { topology, platform, limits, thresholds } = request;
  const folder = await createWorkFolder("capacity");
  const kept = new KeptDeployment(platform, join(folder, "deployment"));
  const steps: CapacityStep[] = [];
  try {
    const { held, broke } = await searchCapacity(limits, async (level) => {
      request.onLevel(level);
      const measured = await measureLevel(request, kept.platform, level, folder, steps.length + 1);
      steps.push(measured.step);
      request.onStep(measured.step);
      return { ...measured, holds: measured.step.holds };
    });
    return {
      capacity: {
        topology: topology.name,
        replicas: replicasOf(topology, request.scenario),
        thresholds,
        steps,
        held: held?.step ?? null,
        broke: broke?.step ?? null,
        first: broke === undefined ? null : firstToGiveIn(broke.step, thresholds),
      },
      held: held && {
        result: held.result,
        eventsPerSecond: held.step.rate,
        durationS: held.durationS,
      },
    };
  } finally {
    await kept.down();
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param repeat 1-based: each level has other draws */
async function measureLevel(
  { topology, scenario: asked, measureS, thresholds, signal }: CapacityRequest,
  platform: Platform,
  { sessions, rate }: Level,
  folder: string,
  repeat: number,
): Promise<{ step: CapacityStep; result: RunResult; durationS: number }> {
  signal.throwIfAborted();
  const scenario = completeScenario({ ...asked, sessions, rate });
  const durationS = scenario.warmUp + measureS;
  const workDir = join(folder, `level-${repeat}`);
  try {
    const spec = { topology, bounce: "none", repeat, scenario, durationS } as const;
    const measured = await runSingle(spec, platform, workDir, {}, signal);
    const [judged] = await judgeAll(observationsOf(measured));
    if (judged === undefined) throw new Error("the run left no history");
    const { result } = judged;
    const step = stepOf(result, { sessions, rate }, thresholds, {
      cpus: availableParallelism(),
      reasons: result.reasons.slice(measured.run.notes.length),
    });
    return { step, result, durationS };
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}
