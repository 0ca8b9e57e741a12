/** Plays one shard of a load, and writes what it saw into one file. */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { appendRun } from "../../history/history-file.ts";
import { createFileRecorder } from "../../history/recorder.ts";
import { runLoad, type RunLoadOptions } from "../../load/native/run-load.ts";
import type { Shard } from "../../load/native/shard.ts";
import { type LoadPlan, plannedLoad } from "../../load/portable/load-plan.ts";
import { describeHost } from "../describe-host.ts";
import { createHostSampler } from "../host-sampler.ts";
import { writeInto } from "../results/results-folder.ts";
import { createWorkFolder } from "../results/work-folder.ts";
import { InstanceClock } from "./instance-clock.ts";
import { SHARD_VERSION, type ShardHeader } from "./shard-file.ts";

export interface ShardRequest {
  plan: LoadPlan;
  shard: Shard;
  topology: string;
  /** When the load starts, on this host's clock. Undefined: at once. */
  startMs: number | undefined;
  /** The new file. */
  path: string;
  onProgress: RunLoadOptions["onProgress"];
  signal: AbortSignal;
}

/**
 * @returns the header that was written
 * @throws UserError for a target without a clock, and a start that is too early; the abort reason
 */
export async function playShard(request: ShardRequest): Promise<ShardHeader> {
  const { plan, shard, topology, path, startMs, onProgress, signal } = request;
  const workDir = await createWorkFolder("loadgen");
  const clock = new InstanceClock(plan.url);
  const hostSegment = `${workDir}/host.ndjson`;
  const recorder = createFileRecorder(hostSegment);
  const hostSampler = createHostSampler(recorder);
  try {
    await clock.start();
    const { segments } = await runLoad(plan, {
      historyDir: workDir,
      shard,
      signal,
      ...(startMs === undefined ? {} : { startMs }),
      ...(onProgress === undefined ? {} : { onProgress }),
      onPhase: (phase) => {
        if (phase === "loaded") hostSampler.start();
        if (phase === "drain-started") hostSampler.stop();
      },
    });
    await clock.stop();
    await recorder.close();
    const header: ShardHeader = {
      type: "shard",
      v: SHARD_VERSION,
      ...shard,
      topology,
      plan: plannedLoad(plan),
      host: describeHost(),
      finishedAt: new Date().toISOString(),
      clock: clock.difference,
      instances: [...clock.instances].sort(),
    };
    await writeInto(dirname(path), () => appendRun(path, header, [...segments, hostSegment]));
    return header;
  } finally {
    hostSampler.stop();
    await clock.close();
    await recorder.close();
    await rm(workDir, { recursive: true, force: true });
  }
}
