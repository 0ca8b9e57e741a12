/** The local platform: real routers, Valkey and servers as processes of this host. */
import { checkToolSettings } from "../../../infra/tools/resolve-tool.ts";
import { hasBroker } from "../../../infra/realtime/stack-realtime.ts";
import { routerHealthCheckMs, serverSettings } from "../../../infra/stack/server-settings.ts";
import type { BounceKind } from "../../history/observation.ts";
import type { DeploymentListeners, Platform, UpOptions } from "../platform.ts";
import { attach, downAll, findRunning, sweepLeftovers } from "./running-deployments.ts";
import { localDependencies, type LocalDependencies } from "./local-dependencies.ts";
import type { LocalDeployment } from "./local-deployment.ts";

export interface LocalPlatform extends Platform {
  name: "local";
  up(options: UpOptions): Promise<LocalDeployment>;
  attach(id: string, listeners: DeploymentListeners): Promise<LocalDeployment>;
}

/** Measured with a grace that leaves the drain whole. A shorter one makes a bounce shorter. */
const BOUNCE_S: Readonly<Record<BounceKind, (replicas: number) => number>> = {
  none: () => 0,
  // Never on this platform.
  command: () => 0,
  crash: () => 4,
  pause: () => 5,
  "redis-outage": () => 6,
  "redis-pause": () => 8,
  "redis-flush": () => 2,
  "redis-failover": () => 8,
  "redis-partition": () => 8,
  "router-restart": () => 6,
  "router-partition": () => 8,
  recreate: () => 6,
  // Down for 3 s; then clients reconnect after 1, 2 and 5 more seconds, like realtime-js.
  "realtime-outage": () => 10,
  rolling: (replicas) => 1 + 3.6 * replicas,
  "drain-cut": (replicas) => 1 + 2.6 * replicas,
  // As long as the nemesis lets them last, on any platform.
  "scale-out": () => 4,
  "scale-in": () => 4,
  "request-cap": () => 9,
  "idle-cut": () => 8,
  "slow-subscriber": () => 6,
  // Six rolling deploys, four changes of the router, the other instances one by one, ten pauses.
  migration: (replicas) => 6 * (1 + 3.6 * replicas) + 10 + 3 * (replicas - 1) + 30,
  // The least that makes a sequence. A longer load has more steps.
  chaos: () => 105,
};

export const createLocalPlatform = (dependencies: LocalDependencies): LocalPlatform => ({
  name: "local",
  settings: { ...serverSettings, routerHealthCheckMs },
  bounceSeconds: (kind, replicas) => BOUNCE_S[kind](replicas),
  prepare: async ({ topologies, realtime, onStep, signal }) => {
    const routers = new Set(topologies.map(({ router }) => router));
    const brokers = topologies.some(({ broadcaster }) => hasBroker(broadcaster, realtime))
      ? (["valkey"] as const)
      : [];
    const tools = [...routers, ...brokers];
    await checkToolSettings(tools);
    // One after the other, because each reports what it fetches.
    for (const name of tools) await dependencies.resolveTool(name, { onStep, signal });
  },
  // Loaded late, so that commands that start nothing are quick.
  up: async (options) => (await import("./bring-up.ts")).bringUp(options, dependencies),
  findRunning: () => findRunning(dependencies.stateDir),
  attach: (id, listeners) => attach(id, listeners, dependencies.stateDir),
  sweepLeftovers: () => sweepLeftovers(dependencies.stateDir),
  downAll: (onStep) => downAll(dependencies.stateDir, onStep),
});

/** @throws UserError or the reason of the abort; whatever was started is gone by then */
export const localPlatform: LocalPlatform = createLocalPlatform(localDependencies);
