/**
 * Makes a results folder of what k6 wrote elsewhere: a history and a manifest, so that it can be
 * judged like any other.
 */
import { access, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { EngineObservation } from "../../history/observation.ts";
import { k6Times, missingRecords, type K6Times } from "../../load/k6/k6-run-state.ts";
import { scheduleSessions } from "../../load/portable/load-schedule.ts";
import { writeK6History } from "../../load/k6/records/write-k6-history.ts";
import { SegmentWriter } from "../../load/native/segment-writer.ts";
import { UserError } from "../../../common/user-error.ts";
import { type K6Output, readK6Output, unread } from "./read-k6-output.ts";
import { findLedgers, readBounces } from "./remote-evidence.ts";
import { bounceOf, writeMerged } from "./write-merged.ts";
import { createWorkFolder } from "../results/work-folder.ts";

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
  const bounce = bounceOf(plan.bounce, evidence);
  const gaps = missingRecords(account, scheduleSessions(plan.plan).length, output);
  const notes = [
    "Merged from the output of " +
      `${account.processes.size === 1 ? "1 k6 process" : `${account.processes.size} k6 processes`} ` +
      `(${consoles.map((path) => basename(path)).join(", ")}).`,
    ...(bounce === plan.bounce
      ? []
      : [`k6 was not told of the bounce: it ran with BOUNCE=${plan.bounce}.`]),
    ...(plan.repeat === 1 ? [] : [`k6 was told that this is repeat ${plan.repeat}.`]),
    ...gaps,
  ];
  const workDir = await createWorkFolder("merge");
  try {
    const load = join(workDir, "load.ndjson");
    await writeLoad(load, output, times, gaps.length === 0);
    await writeMerged(dir, workDir, {
      ...plan,
      engine: "k6",
      bounce,
      phases: times.phases,
      finishedAt: await lastWritten(consoles),
      notes,
      load: [load],
      evidence,
      ledgers,
      instances: [...account.processes.values()].flatMap(({ instances }) => [...instances]),
    });
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

async function lastWritten(paths: readonly string[]): Promise<Date> {
  const times = await Promise.all(paths.map(async (path) => (await stat(path)).mtimeMs));
  return new Date(Math.max(...times));
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
