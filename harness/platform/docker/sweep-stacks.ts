/** Removes what commands that died left in the engine; every command calls this first. */
import { ledgerFolderOf } from "../../../infra/stack/ledger-folder.ts";
import { listStackRecords, readStackRecord } from "../../../infra/stack/stack-record.ts";
import type { StackRecord } from "../../../infra/stack/stack-args.ts";
import type { SweepReport } from "../platform.ts";
import { connectDocker, type DockerClient } from "../../../infra/engine/docker-client.ts";
import { holdStack } from "./hold-stack.ts";
import { removeOwnImages } from "../../../infra/images/remove-own-images.ts";
import { stacksInEngine } from "./remove-by-label.ts";
import { stackFate } from "./recorded-stacks.ts";
import { takeDown } from "./take-down.ts";

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const emptyReport = (problems: string[]): SweepReport => ({
  swept: [],
  kept: [],
  owned: [],
  foreign: [],
  problems,
});

const remove = async (
  client: DockerClient,
  record: Pick<StackRecord, "stack" | "ledgerDir">,
  how: "destroy" | "sweep",
  report: SweepReport,
  onStep: ((step: string) => void) | undefined,
  isStillOurs: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<void> => {
  try {
    onStep?.(`removing ${record.stack}`);
    const what = await takeDown(client, record, { how, onStep, isStillOurs });
    if (what !== undefined) report.swept.push({ id: record.stack, what });
  } catch (error) {
    report.problems.push(`${record.stack}: ${messageOf(error)}`);
  }
};

const sweepRecords = async (
  client: DockerClient,
  records: readonly StackRecord[],
  alsoKept: boolean,
  report: SweepReport,
  onStep?: (step: string) => void,
): Promise<void> => {
  for (const record of records) {
    const fate = await stackFate(client.docker, record);
    if (fate === "leftover") {
      // A Pulumi that outlived its command is waited for, and may have completed what was taken for dead.
      await remove(client, record, "sweep", report, onStep, async () => {
        const now = readStackRecord(record.stack);
        const fateNow = now && (await stackFate(client.docker, now));
        if (fateNow && fateNow !== "leftover") report[fateNow].push(record.stack);
        return fateNow === "leftover";
      });
    } else if (fate === "kept" && alsoKept) {
      // From here on no other command can take hold of it.
      const held = await holdStack(record.stack).catch(() => undefined);
      if (held) await remove(client, held, "destroy", report, onStep);
      else if (readStackRecord(record.stack)) report.owned.push(record.stack);
    } else report[fate].push(record.stack);
  }
};

/** Stacks whose command is dead. Those of living commands, and those kept on purpose, are left alone. Asks no engine where there is no record. */
export const sweepLeftovers = async (): Promise<SweepReport> => {
  const { records, unreadable } = listStackRecords();
  const report = emptyReport(unreadable.map((error) => error.message));
  if (records.length === 0) return report;
  try {
    await sweepRecords(await connectDocker(), records, false, report);
  } catch (error) {
    report.problems.push(`${records.map(({ stack }) => stack).join(", ")}: ${messageOf(error)}`);
  }
  return report;
};

/**
 * As `sweepLeftovers`, and takes down what was kept, and what carries our labels without any record (its state folder was removed),
 * and the images of our own servers that nobody uses then.
 */
export const downAll = async (onStep?: (step: string) => void): Promise<SweepReport> => {
  const { records, unreadable } = listStackRecords();
  const report = emptyReport(unreadable.map((error) => error.message));
  let client: DockerClient;
  try {
    client = await connectDocker();
  } catch (error) {
    // Without a record there is no reason to think that an engine has anything of ours.
    if (records.length > 0) {
      report.problems.push(`${records.map(({ stack }) => stack).join(", ")}: ${messageOf(error)}`);
    }
    return report;
  }
  try {
    await sweepRecords(client, records, true, report, onStep);
    const known = new Set(listStackRecords().records.map(({ stack }) => stack));
    for (const stack of await stacksInEngine(client.docker)) {
      if (!known.has(stack))
        await remove(client, { stack, ledgerDir: ledgerFolderOf(stack) }, "sweep", report, onStep);
    }
    if (report.owned.length + report.problems.length === 0) {
      const images = await removeOwnImages(client.docker);
      if (images.length > 0) onStep?.(`removed ${images.length} server image(s)`);
    }
  } catch (error) {
    report.problems.push(messageOf(error));
  }
  return report;
};
