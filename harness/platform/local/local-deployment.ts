/** A topology on host processes, made from its state: just started, or found again later. */
import { join } from "node:path";
import type { Reaper } from "../../../common/reaper/reaper-client.ts";
import { removePaths } from "../../../common/files/remove-paths.ts";
import { DASHBOARD_PATH } from "../../../infra/routers/router-config.ts";
import { listLedgers } from "../list-ledgers.ts";
import type {
  ComponentUsage,
  Deployment,
  DeploymentListeners,
  RealtimeComponent,
} from "../platform.ts";
import { controlInstances, type LocalInstanceControl } from "./control/instance-control.ts";
import { controlRealtime } from "./control/control-realtime.ts";
import type { DeploymentState, LocalRegistry } from "./deployment-state.ts";
import type { ProcessSpec } from "./processes/logged-process.ts";
import type { ProcessTable } from "./processes/process-table.ts";
import { readUsage } from "./processes/read-usage.ts";

export interface LocalDeployment extends Deployment {
  workDir: string;
  dashboardUrl: string;
  control: LocalInstanceControl;
}

export interface DeploymentContext extends DeploymentListeners {
  registry: LocalRegistry;
  state: DeploymentState;
  processes: ProcessTable;
  reaper?: Reaper;
  /** How to start each instance. */
  specs: ReadonlyMap<string, ProcessSpec>;
  /** How to start Realtime, if the lab runs it. */
  realtimeSpec: ProcessSpec | undefined;
}

export const ledgerFolder = (workDir: string): string => join(workDir, "ledger");

export const dashboardUrlOf = ({ opsUrl, router }: DeploymentState): string =>
  `${opsUrl}${DASHBOARD_PATH[router]}`;

export const instanceUrlsOf = (state: DeploymentState): Record<string, string> =>
  Object.fromEntries(state.instances.map(({ name, url }) => [name, url]));

const roleOf = (state: DeploymentState, component: string): ComponentUsage["role"] => {
  if (component === state.router) return "router";
  return state.instances.some(({ name }) => name === component) ? "server" : "broker";
};

const realtimeOf = (
  { state, processes, realtimeSpec: spec, onComponentExit, onStep }: DeploymentContext,
  signal: AbortSignal,
): RealtimeComponent | undefined => {
  if (!state.realtime) return undefined;
  const { name, standIn, url, healthUrl } = state.realtime;
  if (spec === undefined || healthUrl === undefined) return { name, standIn, url };
  const control = controlRealtime({ spec, healthUrl, processes, onComponentExit, onStep, signal });
  return { name, standIn, url, control };
};

/**
 * Leaves a deployment running for later commands. If another one of its topology was detached
 * before, this one stays attached and the id of the other one is returned.
 */
const detach = (registry: LocalRegistry, state: DeploymentState): Promise<string | undefined> =>
  registry.records.locked(`${state.topology}.detach`, async () => {
    const other = state.kept
      ? undefined
      : (await registry.findRunning()).find(({ topology }) => topology === state.topology);
    if (other) return other.id;
    state.kept = true;
    registry.release(state);
    return undefined;
  });

export const toDeployment = (context: DeploymentContext): LocalDeployment => {
  const { state, registry, processes, reaper, specs } = context;
  const ending = new AbortController();
  const signal = context.signal ? AbortSignal.any([ending.signal, context.signal]) : ending.signal;
  const control = controlInstances({
    instances: state.instances,
    specs,
    router: state.router,
    opsUrl: state.opsUrl,
    service: state.service,
    processes,
    onInstance: (instance, change, atMs) => {
      // What `down` ends is not reported.
      if (!ending.signal.aborted) context.onInstance?.(instance, change, atMs);
    },
    onStep: (step) => context.onStep?.(step),
    signal,
  });
  const realtime = realtimeOf(context, signal);
  let down: Promise<void> | undefined;
  const takeDown = async (): Promise<void> => {
    ending.abort(new Error(`${state.id} is being taken down`));
    await processes.end();
    await removePaths(state.workDir, state.ownPaths);
    registry.records.remove(state.id);
    await reaper?.leave();
  };
  return {
    id: state.id,
    topology: state.topology,
    workDir: state.workDir,
    url: state.url,
    dashboardUrl: dashboardUrlOf(state),
    instances: state.instances.map(({ name }) => name),
    instanceUrls: instanceUrlsOf(state),
    control,
    ...(realtime ? { realtime } : {}),
    versions: state.versions,
    ledgers: () => listLedgers(ledgerFolder(state.workDir)),
    usage: () => {
      const measured = processes.all().map(({ spec: { name }, identity }) => ({
        component: name,
        role: roleOf(state, name),
        identity,
      }));
      return Promise.resolve(readUsage(measured));
    },
    down: () => (down ??= takeDown()),
    detach: async () => {
      const other = await detach(registry, state);
      if (other !== undefined) {
        await (down ??= takeDown());
        throw new Error(
          `${state.topology} is up already as ${other}; ${state.id} was taken down again`,
        );
      }
      await reaper?.leave();
      processes.detach();
    },
  };
};
