/** What a stack is made of and where to reach it, from its record alone: the same names that the program gives. */
import type Dockerode from "dockerode";
import { INSTANCE_LABEL } from "../../../infra/components/labels.ts";
import { IMAGE_PORTS } from "../../../infra/images/pinned-images.ts";
import type { RoutedServer } from "../../../infra/routers/router-plan.ts";
import { DASHBOARD_PATH } from "../../../infra/routers/router-config.ts";
import type { StackRecord } from "../../../infra/stack-args.ts";
import { topologyNamed } from "../../../infra/record-args.ts";
import type { Router } from "../../../infra/topologies.ts";
import type { KeptDeployment } from "../platform.ts";
import type { UsedPart } from "./container-usage.ts";
import { DockerError } from "./docker-error.ts";
import { ownFilter } from "./own-labels.ts";

export interface StackParts {
  url: string;
  opsUrl: string;
  dashboardUrl: string;
  router: Router;
  /** Of the instances as the router reaches them: its status is told by these. */
  targets: readonly RoutedServer[];
  instances: readonly string[];
  instanceUrls: Readonly<Record<string, string>>;
  /** Name of the container by part: instances, router, broker. */
  containers: ReadonlyMap<string, UsedPart>;
}

/** Ports that the engine chose, by part: asked only where the record names none. */
const chosenPorts = async (docker: Dockerode, stack: string): Promise<Map<string, number>> => {
  const containers = await docker.listContainers({ all: true, filters: ownFilter(stack) });
  return new Map(
    containers.flatMap(({ Labels, Ports }) =>
      Ports.filter((one) => one.IP === "127.0.0.1").map(
        ({ PrivatePort, PublicPort }) =>
          [`${Labels[INSTANCE_LABEL] ?? ""} ${PrivatePort}`, PublicPort] as const,
      ),
    ),
  );
};

export const stackParts = async (docker: Dockerode, record: StackRecord): Promise<StackParts> => {
  const { stack, replicas, ports } = record;
  const { router, broadcaster } = topologyNamed(record.topology);
  const instances = Array.from({ length: replicas }, (_, index) => `server-${index + 1}`);
  const isKnown = ports.router && ports.dashboard && ports.instances?.length === replicas;
  const chosen = isKnown ? new Map<string, number>() : await chosenPorts(docker, stack);
  const address = (part: string, inside: number, port: number | undefined): string => {
    const found = port ?? chosen.get(`${part} ${inside}`);
    if (found === undefined) {
      throw new DockerError(
        `${part} of ${stack} does not run, so its port cannot be told`,
        "sse-lab down removes what is left; then bring it up again",
      );
    }
    return `http://127.0.0.1:${found}`;
  };
  const opsUrl = address(router, IMAGE_PORTS[router].ops, ports.dashboard);
  const named = (part: string, role: UsedPart["role"]): [string, UsedPart] => [
    part,
    { part, role, container: `${stack}-${part}` },
  ];
  const hasBroker = broadcaster === "redis" && record.redis === "up";
  return {
    url: address(router, IMAGE_PORTS[router].web, ports.router),
    opsUrl,
    dashboardUrl: `${opsUrl}${DASHBOARD_PATH[router]}`,
    router,
    targets: instances.map((name) => ({ name, url: `http://${name}:${IMAGE_PORTS.server.http}` })),
    instances,
    instanceUrls: Object.fromEntries(
      instances.map((name, index) => [
        name,
        address(name, IMAGE_PORTS.server.http, ports.instances?.[index]),
      ]),
    ),
    containers: new Map([
      ...instances.map((name) => named(name, "server")),
      named(router, "router"),
      ...(hasBroker ? [named("valkey", "broker")] : []),
    ]),
  };
};

/** Does any container of the stack run? A machine that was restarted leaves them all stopped. */
export const runsAnything = async (docker: Dockerode, stack: string): Promise<boolean> => {
  const running = await docker.listContainers({ filters: ownFilter(stack) });
  return running.length > 0;
};

export const toKept = (record: StackRecord, parts: StackParts): KeptDeployment => ({
  id: record.stack,
  topology: record.topology,
  platform: "docker",
  url: parts.url,
  dashboardUrl: parts.dashboardUrl,
  instances: parts.instances,
  instanceUrls: parts.instanceUrls,
  startedAt: record.startedAt,
});
