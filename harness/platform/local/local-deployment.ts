/** A topology on host processes, made from its state: just started, or found again later. */
import { join } from "node:path";
import type { Reaper } from "../../../common/reaper/reaper-client.ts";
import { removePaths } from "../../../common/files/remove-paths.ts";
import { DASHBOARD_PATH } from "../../../infra/routers/router-config.ts";
import { nothingToKill } from "../bounce-errors.ts";
import { listLedgers } from "../list-ledgers.ts";
import type {
  ComponentUsage,
  Deployment,
  DeploymentListeners,
  RealtimeComponent,
} from "../platform.ts";
import { controlInstances, type LocalInstanceControl } from "./control/instance-control.ts";
import { controlBroker } from "./control/control-broker.ts";
import { controlComponent } from "./control/control-component.ts";
import { controlLinks } from "./control/control-links.ts";
import { changeRouter, type LocalRouterPlan } from "./control/change-router.ts";
import type { DeploymentState, LocalRegistry } from "./deployment-state.ts";
import { waitForRoute, untilHealthy } from "./plan/infrastructure-waits.ts";
import { BROKER_NAMES } from "./plan/broker-spec.ts";
import { RELAY } from "./relay/relay-plan.ts";
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
  routerSpec: ProcessSpec;
  /** How to start Redis, if the lab runs it. */
  brokerSpec: ProcessSpec | undefined;
  /** Present if the router's configuration can change. */
  routerPlan?: LocalRouterPlan | undefined;
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
  { state, realtimeSpec: spec, ...given }: DeploymentContext,
  signal: AbortSignal,
): RealtimeComponent | undefined => {
  if (!state.realtime) return undefined;
  const { name, standIn, url, healthUrl } = state.realtime;
  if (spec === undefined || healthUrl === undefined) return { name, standIn, url };
  const control = controlComponent({
    ...given,
    spec,
    signal,
    untilReady: (started) => untilHealthy(started, healthUrl, signal),
  });
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
    routed: state.routed ?? state.instances,
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
  const { routerSpec, brokerSpec } = context;
  const router = controlComponent({
    ...context,
    spec: routerSpec,
    signal,
    untilReady: (started) => waitForRoute(started, state, signal),
  });
  const broker =
    brokerSpec && state.broker
      ? controlBroker({ ...context, spec: brokerSpec, port: state.broker.port, signal })
      : undefined;
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
    router: {
      name: state.router,
      ...router,
      ...(context.routerPlan?.router === "traefik"
        ? { change: changeRouter({ ...context.routerPlan, opsUrl: state.opsUrl, control, signal }) }
        : {}),
    },
    ...(broker ? { broker } : {}),
    ...(state.relayUrl === undefined ? {} : { links: controlLinks(state.relayUrl) }),
    scale: {
      running: () =>
        state.instances.map(({ name }) => name).filter((name) => processes.running(name)),
      remove: async (instance, graceMs) => {
        if (!(await control.stop(instance, graceMs))) throw new Error(nothingToKill(instance));
      },
      boot: (instance) => control.boot(instance),
    },
    ...(realtime ? { realtime } : {}),
    versions: state.versions,
    ledgers: () => listLedgers(ledgerFolder(state.workDir)),
    usage: () => {
      // Of Redis, the primary counts, under one name.
      const isSpare = (name: string): boolean =>
        BROKER_NAMES.some((one) => one === name) && name !== broker?.name;
      const counted = processes
        .all()
        .filter(({ spec: { name } }) => name !== RELAY && !isSpare(name));
      const measured = counted.map(({ spec: { name }, identity }) => ({
        component: name === broker?.name ? BROKER_NAMES[0] : name,
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
      ending.abort(new Error(`${state.id} is detached`));
    },
  };
};
