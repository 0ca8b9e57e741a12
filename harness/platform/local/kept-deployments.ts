/** Deployments that outlive the command that brought them up: `sse-lab up`, then `bounce` and `down` by other commands. */
import type { DeploymentListeners, RunningDeployment } from "../platform.ts";
import { claimDeployment } from "./claim-deployment.ts";
import type { DeploymentState } from "./deployment-state.ts";
import { dashboardUrlOf, instanceUrlsOf, toDeployment, type LocalDeployment } from "./local-deployment.ts";
import { ProcessTable } from "./processes/process-table.ts";
import { recordedDeployments } from "./recorded-deployments.ts";
import { watchComponent } from "./processes/watch-component.ts";

const keptRealtime = ({
  name,
  standIn,
  url,
}: NonNullable<DeploymentState["realtime"]>): NonNullable<RunningDeployment["realtime"]> => ({
  name,
  standIn,
  url,
});

/** The kept deployments of this checkout that still run, oldest first. */
export const findRunning = (stateDir: string): RunningDeployment[] =>
  recordedDeployments(stateDir)
    .kept.map((state) => ({
      id: state.id,
      topology: state.topology,
      platform: "local" as const,
      url: state.url,
      dashboardUrl: dashboardUrlOf(state),
      instances: state.instances.map(({ name }) => name),
      instanceUrls: instanceUrlsOf(state),
      ...(state.realtime ? { realtime: keptRealtime(state.realtime) } : {}),
      startedAt: state.startedAt,
    }))
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt));

/**
 * Takes hold of a kept deployment, so that its instances can be bounced from this process. End with
 * its `release` (it goes on running) or `down`.
 *
 * @throws when no kept deployment of that id runs, or another command has hold of it
 */
export const attach = async (
  id: string,
  listeners: DeploymentListeners,
  stateDir: string,
): Promise<LocalDeployment> => {
  const state = await claimDeployment(stateDir, id);
  const names = new Set(state.instances.map(({ name }) => name));
  const specs = new Map(
    state.processes.flatMap(({ spec }) => (names.has(spec.name) ? [[spec.name, spec] as const] : [])),
  );
  const processes = new ProcessTable(stateDir, state);
  const { onComponentExit = () => undefined, onStep = () => undefined } = listeners;
  const realtime = state.processes.find(({ spec }) => spec.name === state.realtime?.name);
  // Instances and Realtime are watched by what controls them.
  for (const part of processes.all()) {
    const { name } = part.spec;
    if (!names.has(name) && name !== realtime?.spec.name)
      watchComponent(part, processes, { onComponentExit, onStep });
  }
  return toDeployment({
    ...listeners,
    stateDir,
    state,
    processes,
    specs,
    realtimeSpec: realtime?.spec,
  });
};
