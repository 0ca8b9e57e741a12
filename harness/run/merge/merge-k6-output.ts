/**
 * Makes a results folder of what k6 wrote elsewhere: a history and a manifest, so that it can be
 * judged like any other.
 */
import { access, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { appendRun } from "../../history/history-file.ts";
import type { BounceKind, EngineObservation, RunObservation } from "../../history/observation.ts";
import { k6Times, missingRecords, type K6Times } from "../../load/k6/k6-run-state.ts";
import { scheduleSessions } from "../../load/portable/load-schedule.ts";
import type { PlanRecord } from "../../load/portable/k6-log-records.ts";
import { writeK6History } from "../../load/k6/records/write-k6-history.ts";
import { SegmentWriter } from "../../load/native/segment-writer.ts";
import { collectLedgers } from "../collect-ledgers.ts";
import { describeMerged } from "./describe-merged.ts";
import { UserError } from "../../../common/user-error.ts";
import { type K6Output, readK6Output, unread } from "./read-k6-output.ts";
import { type BounceEvidence, findLedgers, LEDGERS, readBounces } from "./remote-evidence.ts";
import { sessionNames } from "../session-names.ts";
import { writeManifest } from "../../report/render/write-results.ts";
import { createWorkFolder } from "../results/work-folder.ts";
import { writeSegment } from "../results/write-segment.ts";

/**
 * Merges the consoles of one or several k6 processes, and the ledgers and bounces beside them, into
 * `history.ndjson.gz` and `manifest.json` of the same folder. Nothing that was there is changed.
 * @throws UserError
 */
export async function mergeK6Output(dir: string): Promise<void> {
  const historyPath = join(dir, "history.ndjson.gz");
  if (await exists(historyPath)) {
    throw new UserError(
      `${dir} has a history.ndjson.gz but no manifest.json: it would be overwritten; move ` +
        "one of the two away",
    );
  }
  const output = await readK6Output(dir);
  const { plan, account, consoles } = output;
  const times = k6Times(account, plan.plan, 0);
  if (times === undefined) {
    throw new UserError(
      output.torn > 0
        ? unread(dir, output)
        : `${dir}: k6 made its plan, but not a single session arrived; see what it said on stderr`,
    );
  }
  const ledgers = await findLedgers(dir);
  const evidence = await readBounces(dir);
  const bounce = bounceOf(plan, evidence);
  const gaps = missingRecords(account, scheduleSessions(plan.plan).length, output);
  const finishedAt = await lastWritten(consoles);
  const { run, manifest } = await describeMerged({ plan, bounce, times, finishedAt });
  const notes = [
    ...run.notes,
    "Merged from the output of " +
      `${account.processes.size === 1 ? "1 k6 process" : `${account.processes.size} k6 processes`} ` +
      `(${consoles.map((path) => basename(path)).join(", ")}).`,
    ...(bounce === plan.bounce
      ? []
      : [`k6 was not told of the bounce: it ran with BOUNCE=${plan.bounce}.`]),
    ...(plan.repeat === 1 ? [] : [`k6 was told that this is repeat ${plan.repeat}.`]),
    ...(ledgers === undefined
      ? [
          `No ledger was there (${LEDGERS}/<instance>*.ndjson): whether what never arrived ` +
            "was published is not known.",
        ]
      : []),
    ...gaps,
  ];
  const workDir = await createWorkFolder("merge");
  try {
    const loadSegment = join(workDir, "load.ndjson");
    await writeLoad(loadSegment, output, times, gaps.length === 0);
    const bounceSegment = join(workDir, "bounces.ndjson");
    await writeFile(bounceSegment, evidence.map((one) => `${JSON.stringify(one)}\n`).join(""));
    const ledgerSegment = join(workDir, "ledgers.ndjson");
    const names = await sessionNames([loadSegment]);
    const observations = collectLedgers(ledgers ?? [], processesOf(output, evidence), names);
    await writeSegment(ledgerSegment, observations);
    const described: RunObservation = { ...run, notes };
    await appendRun(historyPath, described, [loadSegment, bounceSegment, ledgerSegment]);
    // Last: with it the folder is one that needs no merging.
    await writeManifest(dir, manifest);
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function writeLoad(
  path: string,
  output: K6Output,
  times: K6Times,
  whole: boolean,
): Promise<void> {
  const { plan, account, consoles } = output;
  const engine: EngineObservation = {
    type: "engine",
    lagMs: times.lagMs,
    workers: account.processes.size,
    clockErrorMs: times.clockErrorMs,
  };
  let failed: Error | undefined;
  const recorder = await SegmentWriter.open(path, (error) => (failed = error));
  try {
    await writeK6History(recorder, {
      plan: plan.plan,
      times,
      consoles,
      ...(whole ? { engine } : {}),
    });
  } finally {
    await recorder.close();
  }
  if (failed) throw failed;
}

/**
 * How many processes each instance had: the one that was there, and each that was started since.
 */
function processesOf(
  { account }: K6Output,
  evidence: readonly BounceEvidence[],
): Map<string, number> {
  const processes = new Map<string, number>();
  const count = (instance: string): number => processes.get(instance) ?? 1;
  for (const { instances } of account.processes.values())
    for (const instance of instances) processes.set(instance, 1);
  for (const one of evidence) {
    if (one.type !== "instance") continue;
    processes.set(one.instance, count(one.instance) + (one.state === "started" ? 1 : 0));
  }
  return processes;
}

/**
 * Which bounce the run was under. k6 may not have been told.
 * @throws UserError when it was told of another one
 */
function bounceOf(plan: PlanRecord, evidence: readonly BounceEvidence[]): BounceKind {
  const kinds = [...new Set(evidence.flatMap((one) => (one.type === "bounce" ? [one.kind] : [])))];
  const [kind, another] = kinds;
  if (another !== undefined)
    throw new UserError(
      `bounces.ndjson tells of bounces of several kinds (${kinds.join(", ")}); keep one`,
    );
  if (kind === undefined || kind === plan.bounce) return plan.bounce;
  if (plan.bounce === "none") return kind;
  throw new UserError(
    `bounces.ndjson tells of a ${kind}, but k6 was told BOUNCE=${plan.bounce}; is it of ` +
      "another run?",
  );
}

async function lastWritten(paths: readonly string[]): Promise<Date> {
  const times = await Promise.all(paths.map(async (path) => (await stat(path)).mtimeMs));
  return new Date(Math.max(...times));
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
