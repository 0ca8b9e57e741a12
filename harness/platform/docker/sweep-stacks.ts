/** Removes stacks whose command is dead, and on request those that were left running. */
import { connectDocker, type DockerClient } from "../../../infra/engine/docker-client.ts";
import { removeOwnImages } from "../../../infra/images/remove-own-images.ts";
import { ledgerFolderOf } from "../../../infra/stack/ledger-folder.ts";
import { stackRecords } from "../../../infra/stack/stack-record.ts";
import { plural } from "../../../common/portable/plural.ts";
import type { SweepReport } from "../platform.ts";
import { emptyReport, removeReported, sweepRegistry } from "../registry/sweep.ts";
import { stacksInEngine } from "./remove-by-label.ts";
import { stackRegistry } from "./stack-registry.ts";
import { takeDown } from "./take-down.ts";

type OnStep = ((step: string) => void) | undefined;

const sweep = (client: DockerClient, alsoRunning: boolean, onStep?: OnStep): Promise<SweepReport> =>
  sweepRegistry(stackRegistry(client), {
    alsoRunning,
    onStep,
    remove: (record, isLeftover, isStillOurs) =>
      takeDown(client, record, { how: isLeftover ? "sweep" : "destroy", onStep, isStillOurs }),
  });

/** Without an engine no stack can be removed: all of them are reported as problems. */
const withEngine = async (
  act: (client: DockerClient) => Promise<SweepReport>,
): Promise<SweepReport> => {
  const { records, unreadable } = stackRecords().list();
  try {
    return await act(await connectDocker());
  } catch (error) {
    const report = emptyReport(unreadable.map(({ message }) => message));
    // Without a record there is no reason to expect anything of ours in an engine.
    if (records.length > 0) {
      const stacks = records.map(({ stack }) => stack).join(", ");
      report.problems.push(`${stacks}: ${error instanceof Error ? error.message : String(error)}`);
    }
    return report;
  }
};

/** Removes stacks whose command is dead. Asks no engine if there is no record. */
export const sweepLeftovers = (): Promise<SweepReport> => {
  const { records, unreadable } = stackRecords().list();
  return records.length === 0
    ? Promise.resolve(emptyReport(unreadable.map(({ message }) => message)))
    : withEngine((client) => sweep(client, false));
};

/** Things with our labels and no record: someone removed the state folder. */
const removeUnrecorded = async (
  client: DockerClient,
  report: SweepReport,
  onStep: OnStep,
): Promise<void> => {
  const recorded = new Set(
    stackRecords()
      .list()
      .records.map(({ stack }) => stack),
  );
  for (const stack of await stacksInEngine(client.docker)) {
    if (recorded.has(stack)) continue;
    const ledgerDir = ledgerFolderOf(stack);
    await removeReported(stack, report, onStep, () =>
      takeDown(client, { stack, ledgerDir }, { how: "sweep", onStep }),
    );
  }
};

/**
 * Also removes what was left running, what carries our labels without a record, and then the
 * images of our servers that no container uses.
 */
export const downAll = (onStep?: (step: string) => void): Promise<SweepReport> =>
  withEngine(async (client) => {
    const report = await sweep(client, true, onStep);
    try {
      await removeUnrecorded(client, report, onStep);
      if (report.owned.length + report.problems.length === 0) {
        const images = await removeOwnImages(client.docker);
        if (images.length > 0) onStep?.(`removed ${plural(images.length, "server image")}`);
      }
    } catch (error) {
      report.problems.push(error instanceof Error ? error.message : String(error));
    }
    return report;
  });
