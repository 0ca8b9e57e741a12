/**
 * The Pulumi program of a stack: the same for the Pulumi CLI (`index.ts`) and for the Automation
 * API.
 */
import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { BROKER_URL } from "./stack/inside-containers.ts";
import { checkStackArgs } from "./stack/check-stack-args.ts";
import { RouterContainer } from "./components/router-container.ts";
import { fleetTargets, ServerFleet } from "./components/server-fleet.ts";
import { StackNetwork } from "./components/stack-network.ts";
import { Valkey } from "./components/valkey.ts";
import { declareRealtime } from "./realtime/declare-realtime.ts";
import { hasBroker } from "./realtime/stack-realtime.ts";
import type { StackArgs, StackOutputs } from "./stack/stack-args.ts";

/** `StackOutputs` before its values are known. */
export type PendingStackOutputs = { [Key in keyof StackOutputs]: pulumi.Input<StackOutputs[Key]> };

export interface ProgramOptions {
  /**
   * The engine, as in DOCKER_HOST. Default: DOCKER_HOST, else the default socket. Pass it, because
   * the default ignores the docker command's current context.
   */
  dockerHost?: string | undefined;
}

/**
 * The program that brings a stack up. Nothing runs until Pulumi calls it.
 *
 * @throws UserError with every problem of the arguments
 */
export const stackProgram = (
  args: StackArgs,
  { dockerHost }: ProgramOptions = {},
): (() => Promise<PendingStackOutputs>) => {
  checkStackArgs(args);
  return () => Promise.resolve(declareStack(args, dockerHost));
};

const declareStack = (args: StackArgs, dockerHost: string | undefined): PendingStackOutputs => {
  const { stack, topology, replicas, images, ports, labels } = args;
  const provider = new docker.Provider(
    "docker",
    dockerHost === undefined ? {} : { host: dockerHost },
  );
  const opts = { providers: [provider] };
  const { networkName } = new StackNetwork("network", { stack, labels }, opts);
  const needsBroker = hasBroker(topology.broadcaster, args.realtime);
  const broker =
    needsBroker && args.redis === "up" && images.broker !== undefined
      ? new Valkey("valkey", { stack, labels, image: images.broker, networkName }, opts)
      : undefined;
  const realtime = declareRealtime(args, networkName, opts);
  const fleet = new ServerFleet(
    "servers",
    {
      stack,
      labels,
      replicas,
      broadcaster: topology.broadcaster,
      image: images.server,
      revision: args.revision,
      graceS: args.graceS,
      networkName,
      ports: ports.instances,
      ledgerDir: args.ledgerDir,
      sessionSecret: args.sessionSecret,
      settings: args.settings,
      service: args.service,
      // Also set if the broker is stopped, so that the servers fall back.
      redisUrl: needsBroker ? BROKER_URL : undefined,
      realtime: realtime?.forServers,
    },
    opts,
  );
  const router = new RouterContainer(
    topology.router,
    {
      stack,
      labels,
      image: images.router,
      networkName,
      servers: fleetTargets(replicas, args.service?.port),
      affinity: topology.affinity,
      readyPath: args.service?.readyPath,
      ports: { web: ports.router, ops: ports.dashboard },
    },
    opts,
  );
  return {
    topology: topology.name,
    url: router.url,
    dashboardUrl: router.dashboardUrl,
    revision: args.revision,
    router: router.container.apply((container) => ({ kind: topology.router, container })),
    broker: broker
      ? broker.container.apply((container) => ({ kind: "valkey" as const, container }))
      : null,
    realtime: realtime?.output ?? null,
    instances: fleet.instances,
  };
};
