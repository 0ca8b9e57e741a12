/** One measured run: starts a topology, puts load on it, bounces it, and records what happens. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nowMs } from "../../common/clock.ts";
import { runSeed } from "../../common/portable/seeded-random.ts";
import { streamSettings } from "../../infra/stack/server-settings.ts";
import { createFileRecorder } from "../history/recorder.ts";
import type { Recorder, RunObservation } from "../history/observation.ts";
import type { LoadPlan, LoadProgress } from "../load/portable/load-plan.ts";
import {
  DEFAULT_NEMESIS_SETTINGS,
  type BounceContext,
  type NemesisSettings,
} from "../nemesis/bounce-context.ts";
import { DEFAULT_BOUNCE_SETTINGS } from "../nemesis/bounce-settings.ts";
import { bounce } from "../nemesis/nemesis.ts";
import { prepareMigration } from "../nemesis/kinds/migration.ts";
import { startEdge } from "../nemesis/edge/edge-proxy.ts";
import { KINDS_OF_BOUNCE, refusalOf } from "../nemesis/kinds.ts";
import { CHAOS_KINDS, planChaos } from "../nemesis/plan-chaos.ts";
import type { Deployment, Platform } from "../platform/platform.ts";
import { AFTER_BOUNCE_S, bounceSecondsOf, BUSY_FACTOR } from "../scenario/run-times.ts";
import { replicasOf, type Scenario } from "../scenario/scenario.ts";
import { toLoadPlan } from "../scenario/to-load-plan.ts";
import { collectLedgers } from "./collect-ledgers.ts";
import { describeRun, withRealtime } from "./describe-run.ts";
import { type MadeLoad, nativeEngine } from "./engine/load-engine.ts";
import { createHostSampler } from "./host-sampler.ts";
import { sessionNames } from "./session-names.ts";
import { writeSegment } from "./results/write-segment.ts";
import { keepsLedger } from "./service/describe-service.ts";
import { refuseMisfit } from "./service/refuse-misfit.ts";
import { toProgram } from "./service/service-program.ts";
import type { RunSpec } from "./run-spec.ts";
import { createUsageSampler, type UsageSampler } from "./usage-sampler.ts";

/** Progress of a run. */
export interface RunListener {
  step?: (step: string) => void;
  load?: (progress: LoadProgress) => void;
}

export interface MeasuredRun {
  run: RunObservation;
  /** History segments. They are in `workDir`, which the caller removes. */
  segments: string[];
  versions: Readonly<Record<string, string>>;
}

/** Steady load between the last arrival of a `ramp` and the start of the bounce. */
const STEADY_BEFORE_BOUNCE_MS = 1_000;

/** An instance without a stream needs less to stop, milliseconds. */
const SPARE_GRACE_MS = 10_000;

/** @throws what the platform or the engine threw; the deployment is down by then. */
export async function runSingle(
  spec: RunSpec,
  platform: Platform,
  workDir: string,
  listener: RunListener,
  signal: AbortSignal,
): Promise<MeasuredRun> {
  await mkdir(workDir, { recursive: true });
  const harnessSegment = join(workDir, "harness.ndjson");
  const recorder = createFileRecorder(harnessSegment);
  const incarnations = new Map<string, number>();
  const step = (text: string): void => listener.step?.(text);
  const described = describeRun(spec);
  const addsOne = KINDS_OF_BOUNCE[spec.bounce].bringsUp === "spare";
  try {
    const deployment = await platform.up({
      topology: spec.topology,
      replicas: replicasOf(spec.topology, spec.scenario) + (addsOne ? 1 : 0),
      redis: spec.scenario.redis,
      serverSettings: streamSettings(spec.scenario),
      ...(spec.realtime ? { realtime: spec.realtime.settings } : {}),
      ...(spec.service && platform.name !== "target"
        ? { service: toProgram(spec.service, spec.topology, process.env) }
        : {}),
      relays: KINDS_OF_BOUNCE[spec.bounce].cutsLinks === true,
      workDir: join(workDir, "deployment"),
      onInstance: (instance, state, atMs) => {
        const before = incarnations.get(instance) ?? 0;
        if (state === "started") incarnations.set(instance, before + 1);
        // It ran before the run: another command started it.
        if (state === "ready" && before === 0) incarnations.set(instance, 1);
        recorder.record({ type: "instance", instance, state, atMs });
      },
      onComponentExit: (part, atMs) => recorder.record({ type: "part-exit", part, atMs }),
      onStep: step,
      signal,
    });
    const sampler = createUsageSampler(() => deployment.usage(), recorder);
    try {
      const spare = deployment.instances.at(-1);
      if (spec.bounce === "migration") await prepareMigration(deployment, SPARE_GRACE_MS);
      // The router knows it, and the bounce starts it again.
      if (addsOne && spare !== undefined) await deployment.scale?.remove(spare, SPARE_GRACE_MS);
      if (spec.service && spec.triesService) {
        step(`trying ${spec.service.name}`);
        await refuseMisfit(spec.service, deployment, signal);
      }
      const made = await loadAndBounce(
        spec,
        platform,
        deployment,
        sampler,
        workDir,
        recorder,
        listener,
        signal,
      );
      const { segments } = made;
      const ledgers = await ledgerSegments(spec, deployment, workDir, segments, incarnations, step);
      const problem = sampler.problem();
      const run = withRealtime(described, spec, deployment.realtime);
      return {
        run: {
          ...run,
          notes: [
            ...run.notes,
            ...(deployment.attached ?? []),
            ...made.notes,
            ...(problem === undefined ? [] : [problem]),
          ],
        },
        segments: [harnessSegment, ...segments, ...ledgers],
        versions: deployment.versions,
      };
    } finally {
      sampler.abandon();
      step(deployment.attached ? "leaving it up" : "taking it down");
      await deployment.down();
    }
  } finally {
    await recorder.close();
  }
}

/** What the ledgers say, if the service keeps any. */
async function ledgerSegments(
  { service }: RunSpec,
  deployment: Deployment,
  workDir: string,
  segments: readonly string[],
  incarnations: ReadonlyMap<string, number>,
  step: (text: string) => void,
): Promise<string[]> {
  if (service && !keepsLedger(service)) return [];
  step("reading ledgers");
  const names = await sessionNames(segments);
  const segment = join(workDir, "ledgers.ndjson");
  await writeSegment(segment, collectLedgers(await deployment.ledgers(), incarnations, names));
  return [segment];
}

/** The load goes by the service file, if there is one. */
function loadPlanOf({ service, topology, scenario, ...times }: RunSpec, url: string): LoadPlan {
  const plan = toLoadPlan(url, topology, scenario, times);
  return service ? { ...plan, service: service.protocol, ledger: keepsLedger(service) } : plan;
}

/** The history of a run that could not be carried out. */
export function failedRun(spec: RunSpec, error: unknown): MeasuredRun {
  const run = describeRun(spec);
  const reason = error instanceof Error ? error.message : String(error);
  return {
    run: { ...run, notes: [...run.notes, `It could not be carried out: ${reason}`] },
    segments: [],
    versions: {},
  };
}

/** The sequence of a chaos run whose load starts at `startMs`. */
function planFor(spec: RunSpec, platform: Platform, startMs: number): BounceContext["chaos"] {
  const { topology, scenario, repeat, durationS, bounceStartS = scenario.ramp } = spec;
  const replicas = replicasOf(topology, scenario);
  const secondsOf = bounceSecondsOf(scenario, (...of) => platform.bounceSeconds(...of));
  const steps = planChaos({
    kinds: CHAOS_KINDS.filter(
      (kind) => refusalOf(kind, topology, platform.name, scenario.redis) === undefined,
    ),
    secondsOf: (kind) => BUSY_FACTOR * secondsOf(kind, replicas),
    lengthS: durationS - bounceStartS - AFTER_BOUNCE_S,
    seed: runSeed({ seed: scenario.seed, repeat }),
  });
  return { steps, untilMs: startMs + (durationS - AFTER_BOUNCE_S) * 1000 };
}

async function loadAndBounce(
  spec: RunSpec,
  platform: Platform,
  deployment: Deployment,
  sampler: UsageSampler,
  workDir: string,
  recorder: Recorder,
  listener: RunListener,
  outerSignal: AbortSignal,
): Promise<MadeLoad> {
  const { bounce: kind, scenario, topology, repeat, bounceStartS, engine = nativeEngine } = spec;
  const stop = new AbortController();
  const signal = AbortSignal.any([outerSignal, stop.signal]);
  let chaos: BounceContext["chaos"];
  let bounceAt: (atMs: number) => void = () => undefined;
  const bounceTime = new Promise<number>((resolve) => (bounceAt = resolve));
  const edge =
    KINDS_OF_BOUNCE[kind].bringsUp === "edge" ? await startEdge(deployment.url) : undefined;
  const nemesis = (async () => {
    await sleep(Math.max(0, (await bounceTime) - nowMs()), undefined, { signal });
    await bounce({
      kind,
      deployment,
      edge,
      chaos,
      recorder,
      seed: runSeed({ seed: scenario.seed, repeat }),
      settings: nemesisSettings(scenario),
      onStep: (text) => listener.step?.(text),
      signal,
    });
  })();
  // The failure of the load is the one to report. The nemesis only fails because it is stopped.
  nemesis.catch(() => undefined);
  let sampled: Promise<void> | undefined;
  const hostSampler = createHostSampler(recorder);
  try {
    // Memory at rest, which is subtracted to get the memory per stream.
    await sampler.read();
    const labels = {
      topology: topology.name,
      bounce: kind,
      repeat,
      replicas: replicasOf(topology, scenario),
    };
    const plan = loadPlanOf(spec, edge?.url ?? deployment.url);
    const made = await engine.load(plan, labels, {
      historyDir: workDir,
      signal,
      onProgress: (progress) => listener.load?.(progress),
      onPhase: (phase, atMs) => {
        if (phase === "load-started") {
          sampler.start();
          hostSampler.start();
          if (kind === "chaos") chaos = planFor(spec, platform, atMs);
          if (bounceStartS !== undefined) bounceAt(atMs + bounceStartS * 1000);
        }
        if (phase === "loaded" && bounceStartS === undefined)
          bounceAt(atMs + STEADY_BEFORE_BOUNCE_MS);
        if (phase === "drain-started") {
          sampled = sampler.stop();
          hostSampler.stop();
        }
      },
    });
    await nemesis;
    await sampled;
    return made;
  } catch (error) {
    stop.abort(error);
    bounceAt(0);
    await nemesis.catch(() => undefined);
    throw error;
  } finally {
    hostSampler.stop();
    await edge?.close();
  }
}

/** Settings of the scenario's bounces. */
export const nemesisSettings = ({
  grace,
  bounceSettings,
}: Pick<Scenario, "grace" | "bounceSettings">): NemesisSettings => ({
  ...DEFAULT_NEMESIS_SETTINGS,
  stopGraceMs: grace * 1000,
  bounces: { ...DEFAULT_BOUNCE_SETTINGS, ...bounceSettings },
});
