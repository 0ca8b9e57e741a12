/** Ends what commands that died left behind; every command calls this first. */
import type { SweepReport } from "../platform.ts";
import { removeState, type DeploymentState } from "./deployment-state.ts";
import { endProcesses } from "../../../common/end-processes.ts";
import { isHeld, recordedDeployments } from "./recorded-deployments.ts";
import { removePaths } from "../../../common/remove-paths.ts";

const remove = async (
  states: readonly DeploymentState[],
  stateDir: string,
  report: SweepReport,
  onStep: ((step: string) => void) | undefined,
): Promise<void> => {
  for (const state of states) {
    onStep?.(`removing ${state.id}`);
    try {
      const processes = await endProcesses(state.processes.map((one) => one.identity));
      await removePaths(state.workDir, state.ownPaths);
      removeState(stateDir, state.id);
      report.swept.push({ id: state.id, what: `${processes} process${processes === 1 ? "" : "es"}` });
    } catch (error) {
      report.problems.push(`${state.id}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
};

const sweep = async (
  stateDir: string,
  alsoKept: boolean,
  onStep?: (step: string) => void,
): Promise<SweepReport> => {
  const found = recordedDeployments(stateDir);
  const ids = (states: readonly DeploymentState[]): string[] => states.map((state) => state.id);
  const report: SweepReport = {
    swept: [],
    kept: alsoKept ? [] : ids(found.kept),
    owned: ids([...found.owned, ...(alsoKept ? found.kept.filter(isHeld) : [])]),
    foreign: ids(found.foreign),
    problems: found.unreadable.map((path) => `${path} is not readable as a state file; remove it by hand`),
  };
  await remove(
    [...found.leftover, ...(alsoKept ? found.kept.filter((one) => !isHeld(one)) : [])],
    stateDir,
    report,
    onStep,
  );
  return report;
};

/** Removes deployments whose command is dead. Those of living commands, and those kept on purpose, are left alone. */
export const sweepLeftovers = (stateDir: string): Promise<SweepReport> => sweep(stateDir, false);

/** As `sweepLeftovers`, and takes down what `sse-lab up` left running. Deployments of living commands are left alone. */
export const downAll = (stateDir: string, onStep?: (step: string) => void): Promise<SweepReport> =>
  sweep(stateDir, true, onStep);
