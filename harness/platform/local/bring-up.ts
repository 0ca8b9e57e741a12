/**
 * Brings a topology up on this host in the order of dependence: tools, bundles, Valkey, Realtime,
 * servers, router.
 */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { saysPortTaken } from "../../../common/free-port.ts";
import { makePrivateFolder } from "../../../common/files/private-folder.ts";
import { startReaper } from "../../../common/reaper/reaper-client.ts";
import { removePaths } from "../../../common/files/remove-paths.ts";
import { hasBroker } from "../../../infra/realtime/stack-realtime.ts";
import { bringUpInAttempts, PORT_TAKEN } from "../bring-up-attempts.ts";
import type { UpOptions } from "../platform.ts";
import { localRegistry } from "./deployment-state.ts";
import type { LocalDependencies } from "./local-dependencies.ts";
import { toDeployment, type LocalDeployment } from "./local-deployment.ts";
import {
  deploymentFolders,
  planDeployment,
  type DeploymentPlan,
  type Tools,
} from "./plan/plan-deployment.ts";
import { ProcessTable } from "./processes/process-table.ts";

/**
 * Records the deployment and starts its reaper. If this process dies from here on, the reaper or
 * the next command cleans up; `ProcessTable` names the one instant that neither covers.
 */
const prepareCleanUp = async (
  plan: DeploymentPlan,
  stateDir: string,
  { onInstance, onComponentExit, onStep, signal }: UpOptions,
): Promise<{ deployment: LocalDeployment; processes: ProcessTable }> => {
  const { state, folders, servers: specs } = plan;
  const { id, workDir, ownPaths } = state;
  const registry = localRegistry(stateDir);
  // On record before anything exists that would have to be removed.
  registry.register(state);
  try {
    makePrivateFolder(workDir);
    await Promise.all(Object.values(folders).map((folder) => mkdir(folder, { recursive: true })));
    const stateFile = registry.records.file(id);
    const reaper = await startReaper({ workDir, ownPaths, stateFile });
    const processes = new ProcessTable(registry, state, reaper);
    const deployment = toDeployment({
      onInstance,
      onComponentExit,
      onStep,
      signal,
      registry,
      state,
      processes,
      reaper,
      specs,
      realtimeSpec: plan.standIn?.spec,
      brokerSpec: plan.broker?.spec,
      routerSpec: plan.routerSpec,
      routerPlan: plan.routerPlan,
    });
    return { deployment, processes };
  } catch (error) {
    await removePaths(workDir, ownPaths);
    registry.records.remove(id);
    throw error;
  }
};

const bringUpOnce = async (
  options: UpOptions,
  dependencies: LocalDependencies,
  tools: Tools,
): Promise<LocalDeployment> => {
  const { signal } = options;
  const onStep = (step: string): void => options.onStep?.(step);
  const plan = await planDeployment(options, tools, dependencies.choosePort);
  const { deployment, processes } = await prepareCleanUp(plan, dependencies.stateDir, options);
  const { control, instances } = deployment;
  try {
    if (options.service === undefined) {
      onStep("building the server");
      await dependencies.buildServer(plan.serverBundle);
    }
    signal?.throwIfAborted();
    if (plan.relay) processes.watch(await processes.start(plan.relay), options);
    await deployment.broker?.start();
    if (plan.standIn) {
      await dependencies.buildStandIn(plan.standIn.bundle);
      await deployment.realtime?.control?.start();
    }
    await Promise.all(instances.map((instance) => control.boot(instance)));
    // After the servers: before its first check a router reports every server as healthy.
    await Promise.all(plan.routerFiles.map(({ path, content }) => writeFile(path, content)));
    await deployment.router.start();
    await control.waitForRouter(instances);
    signal?.throwIfAborted();
    return deployment;
  } catch (error) {
    await deployment.down();
    throw error;
  }
};

/**
 * Resolves when the router sends traffic to every instance.
 *
 * @throws the error that stopped it; nothing of the deployment is left by then
 */
export const bringUp = async (
  options: UpOptions,
  dependencies: LocalDependencies,
): Promise<LocalDeployment> => {
  const { topology, replicas, signal } = options;
  if (!Number.isInteger(replicas) || replicas < 1) {
    throw new Error(`replicas: ${replicas} is not a whole number of 1 or more`);
  }
  const folders = Object.values(deploymentFolders(options.workDir));
  const used = folders.find((folder) => existsSync(folder));
  if (used !== undefined) {
    throw new Error(`${used} exists already: each deployment needs its own work folder`);
  }
  const onStep = (step: string): void => options.onStep?.(step);
  signal?.throwIfAborted();
  const router = await dependencies.resolveTool(topology.router, { onStep, signal });
  const needsValkey = hasBroker(topology.broadcaster, options.realtime) && options.redis === "up";
  const valkey = needsValkey
    ? await dependencies.resolveTool("valkey", { onStep, signal })
    : undefined;
  return bringUpInAttempts(
    options,
    (held) => bringUpOnce(held, dependencies, { router, valkey }),
    (error) => (saysPortTaken(error) ? PORT_TAKEN : undefined),
  );
};
