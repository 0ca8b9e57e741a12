/** The local platform: a real router, real Valkey and the real server bundle as processes of this host. */
import { hasBroker } from "../../../infra/realtime/stack-realtime.ts";
import { routerHealthCheckMs, serverSettings } from "../../../infra/stack/server-settings.ts";
import type { BounceKind } from "../../history/observation.ts";
import type { DeploymentListeners, Platform, UpOptions } from "../platform.ts";
import { bringUp } from "./bring-up.ts";
import { attach, downAll, findRunning, sweepLeftovers } from "./running-deployments.ts";
import { localDependencies, type LocalDependencies } from "./local-dependencies.ts";
import type { LocalDeployment } from "./local-deployment.ts";

export interface LocalPlatform extends Platform {
  name: "local";
  up(options: UpOptions): Promise<LocalDeployment>;
  attach(id: string, listeners: DeploymentListeners): Promise<LocalDeployment>;
}

/** Measured with a drain that the grace leaves whole: what a shorter one cuts off only makes a bounce shorter. */
const BOUNCE_S: Readonly<Record<BounceKind, (replicas: number) => number>> = {
  none: () => 0,
  crash: () => 4,
  recreate: () => 6,
  // Three away, and clients come back after 1, 2 and 5 more seconds, as realtime-js does.
  "realtime-outage": () => 10,
  rolling: (replicas) => 1 + 3.6 * replicas,
};

export const createLocalPlatform = (parts: LocalDependencies): LocalPlatform => ({
  name: "local",
  settings: { ...serverSettings, routerHealthCheckMs },
  bounceSeconds: (kind, replicas) => BOUNCE_S[kind](replicas),
  prepare: async ({ topologies, realtime, onStep, signal }) => {
    const routers = new Set(topologies.map(({ router }) => router));
    const brokers = topologies.some(({ broadcaster }) => hasBroker(broadcaster, realtime))
      ? (["valkey"] as const)
      : [];
    // One after the other: each says what it fetches.
    for (const name of [...routers, ...brokers]) await parts.resolveTool(name, { onStep, signal });
  },
  up: (options) => bringUp(options, parts),
  findRunning: () => findRunning(parts.stateDir),
  attach: (id, listeners) => attach(id, listeners, parts.stateDir),
  sweepLeftovers: () => sweepLeftovers(parts.stateDir),
  downAll: (onStep) => downAll(parts.stateDir, onStep),
});

/** @throws UserError or the reason of the abort; whatever was started is gone by then */
export const localPlatform: LocalPlatform = createLocalPlatform(localDependencies);
