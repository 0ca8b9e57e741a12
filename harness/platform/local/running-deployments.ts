/** Deployments on record: what later commands find, change and remove. */
import { endProcesses } from "../../../common/processes/end-processes.ts";
import { removePaths } from "../../../common/files/remove-paths.ts";
import { plural } from "../../../common/portable/plural.ts";
import { serverSettings } from "../../../infra/stack/server-settings.ts";
import { TOPOLOGIES } from "../../../infra/topologies.ts";
import type {
  DeploymentListeners,
  RunningDeployment,
  RunningSettings,
  SweepReport,
} from "../platform.ts";
import { sweepRegistry } from "../registry/sweep.ts";
import { localRegistry, type DeploymentState } from "./deployment-state.ts";
import {
  dashboardUrlOf,
  instanceUrlsOf,
  toDeployment,
  type LocalDeployment,
} from "./local-deployment.ts";
import { BROKER_NAMES } from "./plan/broker-spec.ts";
import { RELAY } from "./relay/relay-plan.ts";
import { ProcessTable } from "./processes/process-table.ts";

const describe = (state: DeploymentState): RunningDeployment => {
  const { id, topology, url, instances, realtime, startedAt } = state;
  return {
    id,
    topology,
    platform: "local",
    url,
    dashboardUrl: dashboardUrlOf(state),
    instances: instances.map(({ name }) => name),
    instanceUrls: instanceUrlsOf(state),
    ...(realtime && {
      realtime: { name: realtime.name, standIn: realtime.standIn, url: realtime.url },
    }),
    settings: settingsOf(state),
    startedAt,
  };
};

/** Every server has the same ones, those of its process. */
const settingsOf = ({
  topology,
  instances,
  broker,
  realtime,
  processes,
}: DeploymentState): RunningSettings => {
  const environment = processes.find(({ spec }) => spec.name === instances[0]?.name)?.spec.env;
  const usesRedis = TOPOLOGIES.some(
    (one) => one.name === topology && one.broadcaster.startsWith("redis"),
  );
  return {
    redis: usesRedis && broker === undefined ? "stopped" : "up",
    servers: Object.fromEntries(
      Object.entries(environment ?? {}).filter(([name]) => name in serverSettings),
    ),
    ...(realtime?.settings && { realtime: realtime.settings }),
  };
};

/** The detached deployments that still run, oldest first. */
export const findRunning = async (stateDir: string): Promise<RunningDeployment[]> =>
  (await localRegistry(stateDir).findRunning()).map(describe);

/** @throws UserError if no such deployment runs, or another command changes it */
export const attach = async (
  id: string,
  listeners: DeploymentListeners,
  stateDir: string,
): Promise<LocalDeployment> => {
  const registry = localRegistry(stateDir);
  await registry.requireRunning(id);
  const state = await registry.acquire(id);
  const names = new Set(state.instances.map(({ name }) => name));
  const specs = new Map(
    state.processes.flatMap(({ spec }) =>
      names.has(spec.name) ? [[spec.name, spec] as const] : [],
    ),
  );
  const processes = new ProcessTable(registry, state);
  const specOf = (...wanted: string[]) =>
    state.processes.find(({ spec }) => wanted.includes(spec.name))?.spec;
  const routerSpec = specOf(state.router);
  if (routerSpec === undefined) throw new Error(`the state of ${id} names no ${state.router}`);
  // Controls watch all other processes.
  const relay = processes.running(RELAY);
  if (relay) processes.watch(relay, listeners);
  return toDeployment({
    ...listeners,
    registry,
    state,
    processes,
    specs,
    realtimeSpec: specOf(state.realtime?.name ?? ""),
    routerSpec,
    brokerSpec: specOf(...BROKER_NAMES),
  });
};

const sweep = (
  stateDir: string,
  alsoRunning: boolean,
  onStep?: (step: string) => void,
): Promise<SweepReport> => {
  const registry = localRegistry(stateDir);
  return sweepRegistry(registry, {
    alsoRunning,
    onStep,
    remove: async ({ id, processes, workDir, ownPaths }) => {
      const ended = await endProcesses(processes.map(({ identity }) => identity));
      await removePaths(workDir, ownPaths);
      registry.records.remove(id);
      return plural(ended, "process", "processes");
    },
  });
};

/** Removes deployments whose command is dead. */
export const sweepLeftovers = (stateDir: string): Promise<SweepReport> => sweep(stateDir, false);

/** Also removes what `sse-lab up` left running. */
export const downAll = (stateDir: string, onStep?: (step: string) => void): Promise<SweepReport> =>
  sweep(stateDir, true, onStep);
