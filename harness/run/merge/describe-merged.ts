import type { BounceKind, RunObservation } from "../../history/observation.ts";
import type { K6Times } from "../../load/k6/k6-run-state.ts";
import type { PlanRecord } from "../../load/portable/k6-log-records.ts";
import { measureFrontEnd } from "../../load/browser/front-end-size.ts";
import { labVersion } from "../../../common/lab-version.ts";
import type { Manifest } from "../../report/summary/manifest.ts";
import { DEFAULT_SCENARIO } from "../../scenario/default-scenario.ts";
import { realtimeSettings, type Scenario, selectTopologies } from "../../scenario/scenario.ts";
import { usesRealtime } from "../../scenario/to-load-plan.ts";
import { sourceCommit } from "../describe-host.ts";
import { describeRun, withRealtime } from "../describe-run.ts";
import { UserError } from "../../../common/user-error.ts";
import type { RunSpec } from "../run-spec.ts";
import { summaryScenario } from "../results/make-summary.ts";

export interface Merged extends Pick<PlanRecord, "plan" | "topology" | "replicas"> {
  engine: Manifest["engine"];
  bounce: BounceKind;
  phases: K6Times["phases"];
  /** When the load was over: k6's output has no wall clock in every format. */
  finishedAt: Date;
  /** Of the machines that made the load. Undefined: unknown, or there were different ones. */
  host?: Manifest["host"];
}

/**
 * What is known of a run whose load was made elsewhere, and of what with.
 * @throws UserError for a topology that this lab does not know
 */
export async function describeMerged(
  merged: Merged,
): Promise<{ run: RunObservation; manifest: Manifest }> {
  const { phases, finishedAt } = merged;
  const tookMs = phases["drain-ended"] - phases["load-started"];
  const startedAt = new Date(finishedAt.getTime() - tookMs).toISOString();
  const spec = await specOf(merged);
  const found = { name: "realtime", standIn: false, url: "" };
  const run = withRealtime(describeRun(spec), spec, found);
  const unknownPart = "What played Supabase Realtime, and with which settings, is not on record.";
  return {
    run: {
      ...run,
      atMs: phases["load-started"],
      startedAt,
      notes: [...run.notes, ...(spec.realtime ? [unknownPart] : [])],
    },
    manifest: {
      schemaVersion: 1,
      startedAt,
      finishedAt: finishedAt.toISOString(),
      commandLine: ["sse-lab", ...process.argv.slice(2)],
      commit: await sourceCommit(),
      versions: { lab: await labVersion(), node: process.versions.node },
      platform: "url",
      engine: merged.engine,
      engineStandIn: null,
      client: spec.scenario.client,
      seed: spec.scenario.seed,
      host: merged.host ?? {
        os: "unknown",
        cpus: null,
        memoryBytes: null,
        node: process.versions.node,
      },
      scenario: summaryScenario(spec.scenario, spec.durationS),
      serverSettings: {},
    },
  };
}

async function specOf(merged: Merged): Promise<RunSpec> {
  const { plan, topology: name, replicas, bounce } = merged;
  const scenario: Scenario = {
    ...DEFAULT_SCENARIO,
    topologies: [name] as Scenario["topologies"],
    bounces: [bounce],
    repeat: 1,
    sessions: plan.sessions,
    rate: plan.eventsPerSecond,
    arrival: plan.arrival,
    pipeline: plan.pipelineS,
    warmUp: plan.warmUpS,
    duration: plan.durationS,
    ramp: plan.rampS,
    drain: plan.drainS,
    seed: plan.seed,
    gates: plan.gates,
    payloadBytes: plan.payloadBytes,
    client: plan.client === "realtime" ? DEFAULT_SCENARIO.client : plan.client,
    jitter: plan.jitter,
    heartbeat: plan.heartbeatS,
    ...(replicas === undefined ? {} : { replicas }),
  };
  const [topology] = selectTopologies(scenario);
  if (topology === undefined)
    throw new UserError(
      `the load was made for topology ${name}, which this version of sse-lab does not know`,
    );
  const realtime = usesRealtime(topology)
    ? { settings: realtimeSettings(scenario, undefined), frontEnd: await measureFrontEnd() }
    : undefined;
  return {
    topology,
    bounce,
    repeat: 1,
    scenario,
    durationS: plan.durationS,
    ...(realtime ? { realtime } : {}),
  };
}
