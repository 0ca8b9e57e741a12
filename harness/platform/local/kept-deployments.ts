/** Deployments that outlive the command that brought them up: `sse-lab up`, then `bounce` and `down` by other commands. */
import { defaultStateDir, type DeploymentState } from "./deployment-state.ts";
import {
  instanceUrlsOf,
  toDeployment,
  type DeploymentListeners,
  type LocalDeployment,
} from "./local-deployment.ts";
import { ProcessTable } from "./process-table.ts";
import { recordedDeployments } from "./recorded-deployments.ts";

export interface KeptDeployment {
  id: string;
  topology: string;
  url: string;
  dashboardUrl: string;
  instances: readonly string[];
  /** Direct base URL of each instance, for looking at /metrics. */
  instanceUrls: Readonly<Record<string, string>>;
  /** ISO 8601. */
  startedAt: string;
}

/** The kept deployments of this checkout that still run, oldest first. */
export const findKept = (stateDir: string = defaultStateDir): KeptDeployment[] =>
  recordedDeployments(stateDir)
    .kept.map((state) => ({
      id: state.id,
      topology: state.topology,
      url: state.url,
      dashboardUrl: `${state.opsUrl}/dashboard/`,
      instances: state.instances.map(({ name }) => name),
      instanceUrls: instanceUrlsOf(state),
      startedAt: state.startedAt,
    }))
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt));

/** Leaves a deployment running when this process ends, until `downAll`. */
export const releaseToBackground = (deployment: LocalDeployment): Promise<void> => deployment.release();

/**
 * Takes hold of a kept deployment, so that its instances can be bounced from this process. End with
 * `releaseToBackground` (it goes on running) or `down`.
 *
 * @throws when no kept deployment of that id runs
 */
export const attach = (
  id: string,
  listeners: DeploymentListeners = {},
  stateDir: string = defaultStateDir,
): LocalDeployment => {
  const { kept } = recordedDeployments(stateDir);
  const state: DeploymentState | undefined = kept.find((one) => one.id === id);
  if (!state) {
    const there = kept.map((one) => one.id).join(", ") || "none";
    throw new Error(`no deployment "${id}" is up; there are: ${there}. Bring one up with sse-lab up`);
  }
  const names = new Set(state.instances.map(({ name }) => name));
  const specs = new Map(
    state.processes.flatMap(({ spec }) => (names.has(spec.name) ? [[spec.name, spec] as const] : [])),
  );
  return toDeployment({ ...listeners, stateDir, state, processes: new ProcessTable(stateDir, state), specs });
};
