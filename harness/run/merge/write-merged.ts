/** Writes history and manifest of a run whose load came in parts. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../../common/user-error.ts";
import { appendRun } from "../../history/history-file.ts";
import type { BounceKind, RunObservation } from "../../history/observation.ts";
import type { LedgerFile } from "../../platform/platform.ts";
import { writeManifest } from "../../report/render/write-results.ts";
import { collectLedgers } from "../collect-ledgers.ts";
import { writeSegment } from "../results/write-segment.ts";
import { sessionNames } from "../session-names.ts";
import { describeMerged, type Merged } from "./describe-merged.ts";
import { type BounceEvidence, LEDGERS } from "./remote-evidence.ts";

export interface MergedParts extends Merged {
  /** What a reader of the report must know, one sentence each. */
  notes: readonly string[];
  /** History segments of the load, on the instances' clock. */
  load: readonly string[];
  /** What the topology's side recorded. */
  evidence: readonly BounceEvidence[];
  /** Undefined: there are none. */
  ledgers: readonly LedgerFile[] | undefined;
  /** Instances that the load met. */
  instances: Iterable<string>;
}

/**
 * Writes `history.ndjson.gz` and `manifest.json`.
 * @param workDir for what lies between; the caller removes it
 * @throws UserError for a topology that this lab does not know; the file system's error
 */
export async function writeMerged(
  dir: string,
  workDir: string,
  { notes, load, evidence, ledgers, instances, ...merged }: MergedParts,
): Promise<void> {
  const { run, manifest } = await describeMerged(merged);
  const noLedger =
    `No ledger was there (${LEDGERS}/<instance>*.ndjson): whether what never arrived ` +
    "was published is not known.";
  const described: RunObservation = {
    ...run,
    notes: [...run.notes, ...notes, ...(ledgers === undefined ? [noLedger] : [])],
  };
  const bounceSegment = join(workDir, "bounces.ndjson");
  await writeFile(bounceSegment, evidence.map((one) => `${JSON.stringify(one)}\n`).join(""));
  const ledgerSegment = join(workDir, "ledgers.ndjson");
  const processes = processesOf(instances, evidence);
  const observations = collectLedgers(ledgers ?? [], processes, await sessionNames(load));
  await writeSegment(ledgerSegment, observations);
  const segments = [...load, bounceSegment, ledgerSegment];
  await appendRun(join(dir, "history.ndjson.gz"), described, segments);
  // Last: with it the folder is one that needs no merging.
  await writeManifest(dir, manifest);
}

/**
 * How many processes each instance had: the one that was there, and each that was started since.
 */
function processesOf(
  instances: Iterable<string>,
  evidence: readonly BounceEvidence[],
): Map<string, number> {
  const processes = new Map([...instances].map((instance) => [instance, 1]));
  for (const one of evidence) {
    if (one.type !== "instance") continue;
    const count = processes.get(one.instance) ?? 1;
    processes.set(one.instance, count + (one.state === "started" ? 1 : 0));
  }
  return processes;
}

/**
 * Which bounce the run was under. The makers of the load may not have been told.
 * @param told what they were told
 * @throws UserError when they were told of another one
 */
export function bounceOf(told: BounceKind, evidence: readonly BounceEvidence[]): BounceKind {
  const kinds = [...new Set(evidence.flatMap((one) => (one.type === "bounce" ? [one.kind] : [])))];
  const [kind, another] = kinds;
  if (another !== undefined)
    throw new UserError(
      `bounces.ndjson tells of bounces of several kinds (${kinds.join(", ")}); keep one`,
    );
  if (kind === undefined || kind === told) return told;
  if (told === "none") return kind;
  throw new UserError(
    `bounces.ndjson tells of a ${kind}, but k6 was told BOUNCE=${told}; is it of ` + "another run?",
  );
}
