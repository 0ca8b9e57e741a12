/** Removes deployments whose command is dead, and reports what became of all on record. */
import type { SweepReport } from "../platform.ts";
import type {
  DeploymentRecord,
  DeploymentRegistry,
  DeploymentStatus,
} from "./deployment-registry.ts";

export interface SweepOptions<T> {
  /** Also removes what `sse-lab up` left running. */
  alsoRunning: boolean;
  /**
   * Removes one deployment. Resolves with a description of what there was, or with undefined if
   * it was left alone because `isStillOurs` said no. `isLeftover`: its command is dead.
   */
  remove: (
    record: T,
    isLeftover: boolean,
    isStillOurs: () => Promise<boolean>,
  ) => Promise<string | undefined>;
  onStep?: ((step: string) => void) | undefined;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

export const emptyReport = (problems: string[] = []): SweepReport => ({
  swept: [],
  kept: [],
  owned: [],
  foreign: [],
  problems,
});

/** Removes one deployment and reports it. Never rejects. */
export const removeReported = async (
  id: string,
  report: SweepReport,
  onStep: ((step: string) => void) | undefined,
  remove: () => Promise<string | undefined>,
): Promise<void> => {
  try {
    onStep?.(`removing ${id}`);
    const what = await remove();
    if (what !== undefined) report.swept.push({ id, what });
  } catch (error) {
    report.problems.push(`${id}: ${messageOf(error)}`);
  }
};

/** Reports what is left alone. */
const reportLeft = <T extends DeploymentRecord>(
  report: SweepReport,
  registry: DeploymentRegistry<T>,
  record: T,
  status: Exclude<DeploymentStatus, "leftover">,
): void => {
  const id = registry.records.idOf(record);
  if (status === "foreign") {
    const whose = registry.whyForeign(record) ?? "another command";
    const file = registry.records.file(id);
    report.foreign.push({ id, why: `${whose}; if that is gone for good, remove ${file}` });
  } else report[status === "owned" ? "owned" : "kept"].push(id);
};

export const sweepRegistry = async <T extends DeploymentRecord>(
  registry: DeploymentRegistry<T>,
  { alsoRunning, remove, onStep }: SweepOptions<T>,
): Promise<SweepReport> => {
  const { records, unreadable } = registry.records.list();
  const report = emptyReport(unreadable.map(({ message }) => message));
  for (const record of records) {
    const id = registry.records.idOf(record);
    const status = await registry.status(record);
    if (status === "leftover") {
      // A Pulumi that outlived its command may have completed what was taken for dead.
      const isStillOurs = async (): Promise<boolean> => {
        const now = await registry.statusOf(id);
        if (now && now !== "leftover") reportLeft(report, registry, record, now);
        return now === "leftover";
      };
      await removeReported(id, report, onStep, () => remove(record, true, isStillOurs));
    } else if (status === "running" && alsoRunning) {
      // From here on no other command can acquire it.
      const acquired = await registry.acquire(id).catch(() => undefined);
      const isOurs = (): Promise<boolean> => Promise.resolve(true);
      if (acquired) {
        await removeReported(id, report, onStep, () => remove(acquired, false, isOurs));
      } else if (registry.records.read(id)) report.owned.push(id);
    } else reportLeft(report, registry, record, status);
  }
  return report;
};
