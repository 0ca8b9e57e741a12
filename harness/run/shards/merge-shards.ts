/** Makes a results folder of the shards of one load, so that they are judged as one run. */
import { rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type {
  EngineObservation,
  Observation,
  PhaseObservation,
} from "../../history/observation.ts";
import { type LoadRecord, toObservation } from "../../load/k6/records/convert-records.ts";
import type { LedgerFile } from "../../platform/platform.ts";
import type { BounceEvidence } from "../merge/remote-evidence.ts";
import { bounceOf, writeMerged } from "../merge/write-merged.ts";
import { writeSegment } from "../results/write-segment.ts";
import { createWorkFolder } from "../results/work-folder.ts";
import { checkShards, observationsOf, openShard, type ShardFile } from "./shard-file.ts";

export interface MergeRequest {
  shards: readonly string[];
  evidence: readonly BounceEvidence[];
  /** Undefined: there are none. */
  ledgers: readonly LedgerFile[] | undefined;
  /** A new folder. */
  dir: string;
}

/**
 * Writes `history.ndjson.gz` and `manifest.json` of one run.
 * @throws UserError unless the files are the shards of one load, all and each once
 */
export async function mergeShards({ shards, evidence, ledgers, dir }: MergeRequest): Promise<void> {
  const files = checkShards(await Promise.all(shards.map(openShard)));
  const [{ header: first }] = files;
  const workDir = await createWorkFolder("merge");
  try {
    const load = join(workDir, "load.ndjson");
    const reports = new Reports();
    await writeSegment(load, onOneClock(files, reports));
    const phases = reports.phases();
    const summary = join(workDir, "summary.ndjson");
    const records: Observation[] = [
      ...Object.entries(phases).map(([phase, atMs]): PhaseObservation => {
        return { type: "phase", phase: phase as PhaseObservation["phase"], atMs };
      }),
      reports.engine(files),
    ];
    await writeFile(summary, records.map((one) => `${JSON.stringify(one)}\n`).join(""));
    const host = JSON.stringify(first.host);
    const names = files.map(({ path }) => basename(path)).join(", ");
    await writeMerged(dir, workDir, {
      plan: first.plan,
      topology: first.topology,
      engine: "native",
      bounce: bounceOf("none", evidence),
      phases,
      finishedAt: new Date(Math.max(...files.map(({ header }) => Date.parse(header.finishedAt)))),
      ...(files.every(({ header }) => JSON.stringify(header.host) === host)
        ? { host: first.host }
        : {}),
      notes: [
        `Merged from ${files.length === 1 ? "1 shard" : `${files.length} shards`} (${names}).`,
      ],
      load: [load, summary],
      evidence,
      ledgers,
      instances: files.flatMap(({ header }) => header.instances),
    });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function* onOneClock(
  files: readonly ShardFile[],
  reports: Reports,
): AsyncGenerator<Observation> {
  for (const file of files) {
    const { offsetMs } = file.header.clock;
    for await (const batch of observationsOf(file))
      for (const one of batch)
        if (one.type === "phase") reports.addPhase(one, offsetMs);
        else if (one.type === "engine") reports.engines.push(one);
        // A shard holds nothing else: instances and bounces are the other side's to record.
        else yield offsetMs === 0 ? one : toObservation(one as LoadRecord, offsetMs);
  }
}

type Phases = Parameters<typeof writeMerged>[2]["phases"];

/** What each machine says of its load as a whole. */
class Reports {
  readonly engines: EngineObservation[] = [];
  readonly #times = new Map<PhaseObservation["phase"], number[]>();

  addPhase({ phase, atMs }: PhaseObservation, offsetMs: number): void {
    this.#times.set(phase, [...(this.#times.get(phase) ?? []), atMs + offsetMs]);
  }

  /** The load begins with its first shard; each later phase, with the last one. */
  phases(): Phases {
    const phases = [...this.#times].map(([phase, times]) => [
      phase,
      phase === "load-started" ? Math.min(...times) : Math.max(...times),
    ]);
    return Object.fromEntries(phases) as Phases;
  }

  /** As the worst of them: percentiles of machines do not add up. */
  engine(files: readonly ShardFile[]): EngineObservation {
    const most = (of: (engine: EngineObservation) => number | undefined): number =>
      Math.max(0, ...this.engines.map((engine) => of(engine) ?? 0));
    const sum = (of: (engine: EngineObservation) => number | undefined): number =>
      this.engines.reduce((total, engine) => total + (of(engine) ?? 0), 0);
    const errors = files.map(({ header }) => header.clock.errorMs);
    const known = errors.filter((error) => error !== null);
    const clockErrorMs = known.length < errors.length ? null : Math.max(...known);
    return {
      type: "engine",
      lagMs: { p99: most(({ lagMs }) => lagMs.p99), max: most(({ lagMs }) => lagMs.max) },
      utilisation: most(({ utilisation }) => utilisation),
      cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
      rssBytes: sum(({ rssBytes }) => rssBytes),
      workers: sum(({ workers }) => workers),
      ...(clockErrorMs === 0 ? {} : { clockErrorMs }),
    };
  }
}
