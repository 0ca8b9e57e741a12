/** The components of a stack and their addresses, derived from its record. */
import type Dockerode from "dockerode";
import { INSTANCE_LABEL } from "../../../infra/stack/labels.ts";
import {
  clientRealtimeUrl,
  DATABASE_ADDRESS,
  REALTIME_NAME,
  STAND_IN,
} from "../../../infra/realtime/realtime-names.ts";
import { webSocketUrlOf } from "../../../common/portable/realtime/urls.ts";
import { hasBroker } from "../../../infra/realtime/stack-realtime.ts";
import { IMAGE_PORTS } from "../../../infra/images/pinned-images.ts";
import type { RoutedServer } from "../../../infra/routers/router-plan.ts";
import { DASHBOARD_PATH } from "../../../infra/routers/router-config.ts";
import type { StackRecord } from "../../../infra/stack/stack-args.ts";
import { topologyNamed } from "../../../infra/stack/record-args.ts";
import type { Router } from "../../../infra/topologies.ts";
import { serverSettings } from "../../../infra/stack/server-settings.ts";
import type { RealtimeEndpoint, RunningDeployment, RunningSettings } from "../platform.ts";
import { detectRealtime } from "../detect-realtime.ts";
import type { MeasuredContainer } from "./observe/container-usage.ts";
import { UserError } from "../../../common/user-error.ts";
import { checkoutFilter } from "../../../infra/stack/checkout-label.ts";

/** A Realtime that the stack runs. */
export interface OwnRealtime extends RealtimeEndpoint {
  /** Name of the container. */
  container: string;
  /** Answers 200 once it takes connections. */
  healthUrl: string;
}

export interface StackLayout {
  url: string;
  opsUrl: string;
  dashboardUrl: string;
  router: Router;
  /** Of an instance: path, and how long it may take. Undefined: as the lab's own server. */
  ready: { path: string | undefined; withinMs: number | undefined };
  /** The instances as the router reaches and reports them. */
  targets: readonly RoutedServer[];
  instances: readonly string[];
  instanceUrls: Readonly<Record<string, string>>;
  /** Present if clients subscribe to Realtime. */
  realtime?: OwnRealtime | RealtimeEndpoint;
  /** By component: instances, router, broker, Realtime and its database. */
  containers: ReadonlyMap<string, MeasuredContainer>;
}

/** The ports that the engine chose, for records without ports. */
const chosenPorts = async (docker: Dockerode, stack: string): Promise<Map<string, number>> => {
  const containers = await docker.listContainers({ all: true, filters: checkoutFilter(stack) });
  return new Map(
    containers.flatMap(({ Labels, Ports }) =>
      Ports.filter((one) => one.IP === "127.0.0.1").map(
        ({ PrivatePort, PublicPort }) =>
          [`${Labels[INSTANCE_LABEL] ?? ""} ${PrivatePort}`, PublicPort] as const,
      ),
    ),
  );
};

type Address = (component: string, inside: number, port: number | undefined) => string;

const realtimeParts = async (
  { stack, realtime, ports }: StackRecord,
  address: Address,
): Promise<StackLayout["realtime"]> => {
  if (realtime === undefined) return undefined;
  if (realtime.by === "hosted")
    return {
      ...(await detectRealtime(realtime.hosted.url)),
      url: webSocketUrlOf(realtime.hosted.url),
    };
  const standIn = realtime.by === "standin";
  const name = standIn ? STAND_IN : REALTIME_NAME;
  const base = address(name, IMAGE_PORTS.realtime.http, ports.realtime);
  return {
    name,
    standIn,
    url: clientRealtimeUrl(new URL(base).port),
    container: `${stack}-${name}`,
    healthUrl: `${base}/healthcheck`,
  };
};

export const stackLayout = async (docker: Dockerode, record: StackRecord): Promise<StackLayout> => {
  const { stack, replicas, ports } = record;
  const { router, broadcaster } = topologyNamed(record.topology);
  const instances = Array.from({ length: replicas }, (_, index) => `server-${index + 1}`);
  const ownRealtime =
    record.realtime === undefined || record.realtime.by === "hosted" ? undefined : record.realtime;
  const isKnown =
    ports.router &&
    ports.dashboard &&
    ports.instances?.length === replicas &&
    (ownRealtime === undefined || ports.realtime);
  const chosen = isKnown ? new Map<string, number>() : await chosenPorts(docker, stack);
  const address: Address = (component, inside, port) => {
    const found = port ?? chosen.get(`${component} ${inside}`);
    if (found === undefined) {
      throw new UserError(
        `${component} of ${stack} does not run, so its port is unknown`,
        "remove what is left with sse-lab down, then bring it up again",
      );
    }
    return `http://127.0.0.1:${found}`;
  };
  const opsUrl = address(router, IMAGE_PORTS[router].ops, ports.dashboard);
  const named = (
    component: string,
    role: MeasuredContainer["role"],
  ): [string, MeasuredContainer] => [
    component,
    { component, role, container: `${stack}-${component}` },
  ];
  const { service } = record;
  const servicePort = service?.port ?? IMAGE_PORTS.server.http;
  const withBroker = hasBroker(broadcaster, record.realtime) && record.redis === "up";
  const realtime = await realtimeParts(record, address);
  return {
    url: address(router, IMAGE_PORTS[router].web, ports.router),
    opsUrl,
    dashboardUrl: `${opsUrl}${DASHBOARD_PATH[router]}`,
    router,
    ready: {
      path: service?.readyPath,
      withinMs: service?.readyWithinS === undefined ? undefined : service.readyWithinS * 1000,
    },
    targets: instances.map((name) => ({ name, url: `http://${name}:${servicePort}` })),
    instances,
    instanceUrls: Object.fromEntries(
      instances.map((name, index) => [name, address(name, servicePort, ports.instances?.[index])]),
    ),
    containers: new Map([
      ...instances.map((name) => named(name, "server")),
      named(router, "router"),
      ...(withBroker ? [named("valkey", "broker")] : []),
      ...(ownRealtime && realtime ? [named(realtime.name, "broker")] : []),
      ...(ownRealtime?.by === "supabase" ? [named(DATABASE_ADDRESS.host, "broker")] : []),
    ]),
    ...(realtime === undefined ? {} : { realtime }),
  };
};

export const describeStack = (record: StackRecord, layout: StackLayout): RunningDeployment => ({
  id: record.stack,
  topology: record.topology,
  platform: "docker",
  url: layout.url,
  dashboardUrl: layout.dashboardUrl,
  instances: layout.instances,
  instanceUrls: layout.instanceUrls,
  ...(layout.realtime === undefined ? {} : { realtime: publicRealtime(layout.realtime) }),
  settings: settingsOf(record),
  startedAt: record.startedAt,
});

const settingsOf = ({ redis, settings, service, realtime }: StackRecord): RunningSettings => ({
  redis,
  servers: service ? {} : { ...serverSettings, ...settings },
  ...(realtime && {
    realtime: {
      plan: realtime.plan,
      publish: realtime.publish,
      catchUp: realtime.catchUp,
      hosted: realtime.by === "hosted",
    },
  }),
});

export const publicRealtime = ({ name, standIn, url }: NonNullable<StackLayout["realtime"]>) => ({
  name,
  standIn,
  url,
});
