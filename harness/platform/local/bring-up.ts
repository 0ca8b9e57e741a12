/** Brings a topology up: tools, bundles, Valkey, Realtime, servers, router, in the order in which they need each other. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { hasBroker } from "../../../infra/realtime/stack-realtime.ts";
import { routerConfig } from "../../../infra/routers/router-config.ts";
import type { UpOptions } from "../platform.ts";
import { removeState, stateFile, writeState } from "./deployment-state.ts";
import { saysPortTaken } from "../../../common/free-port.ts";
import { routerSpec } from "./plan/infrastructure-specs.ts";
import { waitForBroker, waitForRoute } from "./plan/infrastructure-waits.ts";
import { toDeployment, type LocalDeployment } from "./local-deployment.ts";
import type { LocalDependencies } from "./local-dependencies.ts";
import {
  deploymentFolders,
  planDeployment,
  type DeploymentPlan,
  type Tools,
} from "./plan/plan-deployment.ts";
import { ProcessTable } from "./processes/process-table.ts";
import { startReaper } from "../../../common/reaper/reaper-client.ts";
import { removePaths } from "../../../common/remove-paths.ts";
import { watchComponent } from "./processes/watch-component.ts";

/** A port can be taken between being chosen and being listened on; then everything starts over with others. */
const ATTEMPTS = 3;

type Announce = Required<Pick<UpOptions, "onInstance" | "onComponentExit" | "onStep">>;

/**
 * From here on a crash of this process is cleaned up by the reaper, or else by the next command; `ProcessTable` tells of the
 * one instant that is not covered.
 */
const secure = async (
  plan: DeploymentPlan,
  parts: LocalDependencies,
  announce: Announce,
  signal: AbortSignal | undefined,
): Promise<{ deployment: LocalDeployment; processes: ProcessTable }> => {
  const { state, folders, servers: specs } = plan;
  const { stateDir } = parts;
  // On record before anything exists that would have to be removed.
  writeState(stateDir, state);
  try {
    await Promise.all(Object.values(folders).map((folder) => mkdir(folder, { recursive: true })));
    const reaper = await startReaper({
      workDir: state.workDir,
      ownPaths: state.ownPaths,
      stateFile: stateFile(stateDir, state.id),
    });
    const processes = new ProcessTable(stateDir, state, reaper);
    const deployment = toDeployment({
      ...announce,
      signal,
      stateDir,
      state,
      processes,
      reaper,
      specs,
      realtimeSpec: plan.standIn?.spec,
    });
    return { deployment, processes };
  } catch (error) {
    await removePaths(state.workDir, state.ownPaths);
    removeState(stateDir, state.id);
    throw error;
  }
};

const bringUpOnce = async (
  options: UpOptions,
  parts: LocalDependencies,
  tools: Tools,
  announce: Announce,
): Promise<LocalDeployment> => {
  const { signal, topology } = options;
  const { onStep } = announce;
  const plan = await planDeployment(options, tools, parts.choosePort);
  const { deployment, processes } = await secure(plan, parts, announce, signal);
  const { control, instances } = deployment;
  try {
    onStep("building the server");
    await parts.buildServer(plan.serverBundle);
    signal?.throwIfAborted();
    if (plan.broker && tools.valkey) {
      onStep(`starting ${plan.broker.spec.name} ${tools.valkey.version}`);
      const broker = await processes.start(plan.broker.spec);
      watchComponent(broker, processes, announce);
      await waitForBroker(broker, plan.broker.port, signal);
    }
    if (plan.standIn) {
      await parts.buildStandIn(plan.standIn.bundle);
      await deployment.realtime?.control?.start();
    }
    await Promise.all(instances.map((instance) => control.boot(instance)));
    // After the servers: a router takes every server for healthy until its first check, and would say so.
    const files = routerConfig(topology.router, plan.folders.router, plan.router);
    await Promise.all(files.map(({ path, content }) => writeFile(path, content)));
    onStep(`starting ${topology.router} ${tools.router.version}`);
    const router = await processes.start(
      routerSpec(topology.router, tools.router, files[0].path, plan.folders.router, plan.routerLog),
    );
    watchComponent(router, processes, announce);
    await waitForRoute(router, deployment.url, signal);
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
 * @throws whatever kept it from coming up; nothing of it is left by then
 */
export const bringUp = async (options: UpOptions, parts: LocalDependencies): Promise<LocalDeployment> => {
  const { topology, replicas, signal } = options;
  if (!Number.isInteger(replicas) || replicas < 1) throw new Error(`replicas: ${replicas} is not 1 or more`);
  const used = Object.values(deploymentFolders(options.workDir)).find((folder) => existsSync(folder));
  if (used !== undefined) {
    throw new Error(`${used} is there already: each deployment needs a work folder of its own`);
  }
  const onStep = (step: string): void => options.onStep?.(step);
  signal?.throwIfAborted();
  const router = await parts.resolveTool(topology.router, { onStep, signal });
  const needsValkey = hasBroker(topology.broadcaster, options.realtime) && options.redis === "up";
  const valkey = needsValkey ? await parts.resolveTool("valkey", { onStep, signal }) : undefined;
  for (let attempt = 1; ; attempt += 1) {
    // Held back until the attempt has succeeded: a part of a failed attempt has never been there.
    const held: (() => void)[] = [];
    let isUp = false;
    const report = (tell: () => void): void => {
      if (isUp) tell();
      else held.push(tell);
    };
    const announce: Announce = {
      onInstance: (...what) => report(() => options.onInstance?.(...what)),
      onComponentExit: (...what) => report(() => options.onComponentExit?.(...what)),
      onStep,
    };
    try {
      const deployment = await bringUpOnce(options, parts, { router, valkey }, announce);
      isUp = true;
      for (const tell of held) tell();
      return deployment;
    } catch (error) {
      if (attempt === ATTEMPTS || !saysPortTaken(error) || signal?.aborted) throw error;
      onStep("a port was taken by another program meanwhile; starting over with other ports");
    }
  }
};
