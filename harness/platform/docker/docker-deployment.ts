/** A stack that is up: just brought up, or found again later. */
import type { StackRecord } from "../../../infra/stack/stack-args.ts";
import { listLedgers } from "../list-ledgers.ts";
import type {
  Deployment,
  DeploymentListeners,
  ComponentUsage,
  RealtimeComponent,
} from "../platform.ts";
import { containerUsage } from "./observe/container-usage.ts";
import { BROKER, controlBroker } from "./control/control-broker.ts";
import { createLinks, findLinks, linkNetwork } from "./control/control-links.ts";
import { controlComponent, type ControlledComponent } from "./control/control-component.ts";
import type { DockerClient } from "../../../infra/engine/docker-client.ts";
import type { StackRegistry } from "./stack-registry.ts";
import { controlInstances } from "./control/instance-control.ts";
import { instanceTimeline, type InstanceTimeline } from "./observe/instance-timeline.ts";
import { pulumiStack, type PulumiStack } from "./pulumi/pulumi-stack.ts";
import { accountForSockets } from "./observe/socket-memory.ts";
import { publicRealtime, type StackLayout } from "./stack-layout.ts";
import { answersOk, readiness } from "../readiness.ts";
import { takeDown } from "./take-down.ts";
import { watchContainers } from "./observe/watch-containers.ts";

export interface DeploymentContext extends DeploymentListeners {
  client: DockerClient;
  registry: StackRegistry;
  record: StackRecord;
  layout: StackLayout;
  versions: Readonly<Record<string, string>>;
  /** Grace of the instances in Pulumi's state, seconds. Undefined: unknown. */
  stateGraceS: number | undefined;
}

export interface DockerDeployment extends Deployment {
  dashboardUrl: string;
  /** Its operations are serialized with those of this deployment. */
  pulumi: PulumiStack;
  timeline: InstanceTimeline;
  prepareLinks(): Promise<void>;
  /** Reports an instance as ready that `control` did not start. */
  announceReady(instance: string, atMs: number): void;
  /** Stops all reports. The caller removes the stack. */
  abandon(): void;
}

const COMPONENT_TIMEOUT_MS = 30_000;

/** Watches the stack's containers from here on. */
export const toDeployment = async (given: DeploymentContext): Promise<DockerDeployment> => {
  const { client, registry, record, layout } = given;
  const { docker, host } = client;
  const ending = new AbortController();
  const signal = given.signal ? AbortSignal.any([ending.signal, given.signal]) : ending.signal;
  /** What `down` ends is not reported. */
  const unlessEnding =
    <Args extends unknown[]>(tell: ((...args: Args) => void) | undefined) =>
    (...args: Args): void => {
      if (!ending.signal.aborted) tell?.(...args);
    };
  const onInstance = unlessEnding(given.onInstance);
  const onComponentExit = unlessEnding(given.onComponentExit);
  const onStep = (step: string): void => given.onStep?.(step);
  const timeline = instanceTimeline({ onInstance, onComponentExit, onStep });
  const stopWatching = await watchContainers({
    docker,
    stack: record.stack,
    stopSignal: record.service?.stopSignal,
    onEvent: (event) => {
      timeline.onEvent(event);
      if (event.action === "start") void accountForSockets(docker, event.id);
    },
    onLost: (atMs) => {
      if (ending.signal.aborted) return;
      onStep("lost the connection to the Docker engine: the state of its containers is unknown");
      onComponentExit("docker", atMs);
    },
    onBadClock: () =>
      onStep("the engine's clock differs from this host's: events get the time of their reading"),
  });
  const release = (): void => {
    ending.abort(new Error(`${record.stack} is detached or being taken down`));
    stopWatching();
  };
  const pulumi = pulumiStack(record.stack, host);
  const componentControl = (
    name: string,
    ready: Pick<ControlledComponent, "readyWhen" | "isReady" | "timeoutMs">,
  ) =>
    controlComponent({
      ...ready,
      docker,
      name,
      container: layout.containers.get(name)?.container ?? name,
      timeline,
      onStep,
      signal,
    });
  const realtimeControl = (
    realtime: NonNullable<StackLayout["realtime"]>,
  ): Pick<RealtimeComponent, "control"> =>
    "container" in realtime
      ? {
          control: componentControl(realtime.name, {
            readyWhen: `to be healthy at ${realtime.healthUrl}`,
            isReady: answersOk(realtime.healthUrl),
            // Supabase's server migrates and seeds first. The stack allows as much.
            timeoutMs: 180_000,
          }),
        }
      : {};
  const { stack } = record;
  const linked = { docker, stack, labels: record.labels, layout, signal };
  let links = layout.containers.has(BROKER) ? await findLinks(linked) : undefined;
  const broker = layout.containers.has(BROKER)
    ? await controlBroker({
        docker,
        stack,
        network: () => (links === undefined ? `${stack}-network` : linkNetwork(stack)),
        timeline,
        onStep,
        signal,
      })
    : undefined;
  const { control, scale } = await controlInstances({
    docker,
    registry,
    record,
    stateGraceS: given.stateGraceS,
    layout,
    pulumi,
    timeline,
    joinLinks: async (instance) => links?.join(instance),
    onInstance,
    onStep,
    signal,
  });
  let down: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    release();
    await pulumi.settled();
    await takeDown(client, record, { how: "destroy", onStep });
  };
  return {
    id: record.stack,
    topology: record.topology,
    url: layout.url,
    dashboardUrl: layout.dashboardUrl,
    instances: layout.instances,
    instanceUrls: layout.instanceUrls,
    control,
    scale,
    get links() {
      return links;
    },
    prepareLinks: async () => {
      if (broker) links ??= await createLinks(linked);
    },
    router: {
      name: layout.router,
      ...componentControl(layout.router, {
        readyWhen: `to route requests at ${layout.url}`,
        isReady: readiness(layout.url, layout.ready.path),
        timeoutMs: COMPONENT_TIMEOUT_MS,
      }),
    },
    ...(broker ? { broker } : {}),
    ...(layout.realtime === undefined
      ? {}
      : { realtime: { ...publicRealtime(layout.realtime), ...realtimeControl(layout.realtime) } }),
    versions: given.versions,
    ledgers: () => listLedgers(record.ledgerDir),
    usage: async () => {
      const readings = await Promise.all(
        [...layout.containers.values()].map((one) =>
          containerUsage(
            docker,
            // Of Redis, the primary counts, under one name.
            broker && one.component === BROKER ? { ...one, container: broker.container() } : one,
          ),
        ),
      );
      return readings.filter((one): one is ComponentUsage => one !== undefined);
    },
    announceReady: (instance, atMs) => onInstance(instance, "ready", atMs),
    pulumi,
    timeline,
    abandon: release,
    detach: async () => {
      record.kept = true;
      registry.update(record);
      release();
      await pulumi.settled();
      registry.release(record);
    },
    down: () => (down ??= end()),
  };
};
