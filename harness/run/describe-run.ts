import { nowMs } from "../../common/clock.ts";
import type { Cause, RunObservation } from "../history/observation.ts";
import { KINDS_OF_BOUNCE } from "../nemesis/kinds.ts";
import type { RealtimeComponent } from "../platform/platform.ts";
import { promisedCauses } from "../scenario/promised-causes.ts";
import { brokenQuota } from "../scenario/realtime-rules.ts";
import { describeBroken } from "../scenario/quota.ts";
import { replicasOf } from "../scenario/scenario.ts";
import { asServiceRun } from "./service/describe-service.ts";
import type { RunSpec } from "./run-spec.ts";

/** The record that opens a run: what it is, and what the topology promises. */
export function describeRun(spec: RunSpec): RunObservation {
  const { topology, bounce: kind, repeat, scenario } = spec;
  const { promise } = topology;
  const run: RunObservation = {
    type: "run",
    topology: topology.name,
    bounce: kind,
    repeat,
    seed: scenario.seed,
    replicas: replicasOf(topology, scenario),
    atMs: nowMs(),
    startedAt: new Date().toISOString(),
    promise: {
      allowedCauses: allowedCauses(spec),
      neverPublishedAllowed: kind !== "none" && promise.pipelinesMayDie,
      routedByChance: promise.routedByChance,
      ...(promise.allowedDuplicates && { allowedDuplicates: promise.allowedDuplicates }),
      sentence: promise.sentence,
    },
    load: {
      sessions: scenario.sessions,
      eventsPerSecond: scenario.rate,
      durationS: spec.durationS,
      gates: scenario.gates,
      arrival: scenario.arrival,
      ...(scenario.arrival === "ramp"
        ? {}
        : { pipelineS: scenario.pipeline, warmUpS: scenario.warmUp }),
    },
    ...(spec.order === undefined ? {} : { order: spec.order }),
    notes: notesOf(spec),
  };
  return spec.service ? asServiceRun(run, spec.service) : run;
}

function allowedCauses({ topology, bounce: kind, scenario, realtime }: RunSpec): Cause[] {
  const promised = promisedCauses(topology.promise, kind);
  // The promise holds below the limits only. A scenario may exceed them on purpose.
  return [
    ...promised,
    ...(realtime && brokenQuota(scenario).length > 0 ? (["quota"] as const) : []),
  ];
}

/** Adds the Realtime implementation to the record, if the deployment has one. */
export function withRealtime(
  run: RunObservation,
  { realtime }: RunSpec,
  part: RealtimeComponent | undefined,
): RunObservation {
  if (!realtime || !part) return run;
  const { plan, publish, catchUp } = realtime.settings;
  const { name, standIn } = part;
  const hosted =
    "Realtime was not stood up by the lab, but found by REALTIME_URL: the way to it is in " +
    "the latency.";
  return {
    ...run,
    notes: [...run.notes, ...(realtime.settings.hosted ? [hosted] : [])],
    realtime: { part: name, standIn, plan, publish, catchUp, frontEnd: realtime.frontEnd },
  };
}

function notesOf({ topology, bounce, scenario, realtime, engine }: RunSpec): string[] {
  const notes: string[] = [...(engine?.notes ?? [])];
  if (KINDS_OF_BOUNCE[bounce].bringsUp === "edge")
    notes.push(
      "Clients reached the router through a proxy of the lab, which stands for a host's edge: " +
        "latencies include it.",
    );
  if (scenario.redis === "stopped" && topology.broadcaster === "redis") {
    notes.push(
      "Redis was stopped before the start: every instance fell back to local delivery, so " +
        "this topology behaves as one without a broker.",
    );
  }
  const broken = realtime ? brokenQuota(scenario) : [];
  if (broken.length > 0) {
    notes.push(
      `The load is beyond the limits of plan ${scenario.realtimePlan} on purpose: ` +
        `${broken.map(describeBroken).join("; ")}.`,
    );
  }
  return notes;
}
