/** Valkey of a stack: what bounces do to it. */
import type Dockerode from "dockerode";
import { IMAGE_PORTS } from "../../../../infra/images/pinned-images.ts";
import { INSTANCE_LABEL } from "../../../../infra/stack/labels.ts";
import { waitFor } from "../../../../common/wait-for.ts";
import { connectRedis } from "../../ask-redis.ts";
import type { BrokerComponent, ComponentControl, Pausable } from "../../platform.ts";
import { isInSync, type AskRedis } from "../../redis-failover.ts";
import type { InstanceTimeline } from "../observe/instance-timeline.ts";
import { addressOf, isRunning } from "./container-control.ts";
import { controlComponent } from "./control-component.ts";

export interface ControlledBroker {
  docker: Dockerode;
  stack: string;
  /** Name of the network in which the servers find it. */
  network: () => string;
  timeline: Pick<InstanceTimeline, "expectEnd">;
  onStep: (step: string) => void;
  signal: AbortSignal;
}

export interface DockerBroker extends BrokerComponent {
  /** Name of the primary's container. */
  container(): string;
}

/** As the servers know it, and as the history names it. */
export const BROKER = "valkey";
const REPLICA = "valkey-2";
type Name = typeof BROKER | typeof REPLICA;
const PORT = IMAGE_PORTS.valkey.redis;
const START_TIMEOUT_MS = 30_000;
const SYNC_TIMEOUT_MS = 10_000;

/**
 * Pulumi brought the first container up. A failover adds a second one, and then both take turns: at
 * rest only the primary runs, and the servers' name for Redis leads to it.
 */
export const controlBroker = async (given: ControlledBroker): Promise<DockerBroker> => {
  const { docker, stack, timeline, onStep, signal } = given;
  const containerOf = (name: Name): string => `${stack}-${name}`;
  let primary: Name = (await isRunning(docker, containerOf(REPLICA))) ? REPLICA : BROKER;
  const other = (): Name => (primary === BROKER ? REPLICA : BROKER);

  const asking = async <T>(name: Name, use: (ask: AskRedis) => Promise<T>): Promise<T> => {
    using redis = await connectRedis(await addressOf(docker, containerOf(name)), PORT);
    return await use(redis.ask);
  };
  const componentOf = (name: Name): ComponentControl & Pausable =>
    controlComponent({
      docker,
      name,
      container: containerOf(name),
      readyWhen: "to answer PING",
      isReady: async () =>
        (await asking(name, (ask) => ask("PING"))) === "PONG" || "it answered something else",
      timeoutMs: START_TIMEOUT_MS,
      timeline,
      onStep,
      signal,
    });
  const controls = { [BROKER]: componentOf(BROKER), [REPLICA]: componentOf(REPLICA) };

  /** Gives it an address under these names only. Its open connections end. */
  const rename = async (name: Name, aliases: readonly string[]): Promise<void> => {
    const network = docker.getNetwork(given.network());
    const Container = containerOf(name);
    await network.disconnect({ Container, Force: true });
    await network.connect({ Container, EndpointConfig: { Aliases: [...aliases] } });
  };

  /** A second container of the same image, restrictions and settings. */
  const createReplica = async (): Promise<void> => {
    const { Config, HostConfig } = await docker.getContainer(containerOf(BROKER)).inspect();
    await docker.createContainer({
      name: containerOf(REPLICA),
      Image: Config.Image,
      Cmd: Config.Cmd,
      User: Config.User,
      Labels: { ...Config.Labels, [INSTANCE_LABEL]: REPLICA },
      HostConfig: { ...HostConfig, NetworkMode: given.network() },
      NetworkingConfig: { EndpointsConfig: { [given.network()]: { Aliases: [REPLICA] } } },
    });
  };
  const exists = (name: Name): Promise<boolean> =>
    docker
      .getContainer(containerOf(name))
      .inspect()
      .then(
        () => true,
        () => false,
      );

  const replicate = async (): Promise<void> => {
    const replica = other();
    // Before it runs: it starts as an empty primary, which no server may find.
    if (await exists(replica)) await rename(replica, [replica]);
    else await createReplica();
    await controls[replica].start();
    const address = await addressOf(docker, containerOf(primary));
    await asking(replica, (ask) => ask("REPLICAOF", address, String(PORT)));
    await waitFor({
      name: `${replica} to be in sync with ${primary}`,
      timeoutMs: SYNC_TIMEOUT_MS,
      condition: () => asking(replica, isInSync),
      signal,
    });
  };
  const promote = async (): Promise<void> => {
    const [old, replica] = [primary, other()];
    await asking(replica, (ask) => ask("REPLICAOF", "NO", "ONE"));
    await rename(replica, [BROKER]);
    primary = replica;
    const address = await addressOf(docker, containerOf(replica));
    await asking(old, (ask) => ask("REPLICAOF", address, String(PORT)));
  };
  return {
    get name() {
      return primary;
    },
    container: () => containerOf(primary),
    kill: () => controls[primary].kill(),
    start: () => controls[primary].start(),
    pause: () => controls[primary].pause(),
    resume: () => controls[primary].resume(),
    flush: async () => {
      await asking(primary, (ask) => ask("FLUSHALL", "SYNC"));
    },
    failover: { replicate, promote, retire: () => controls[other()].kill() },
  };
};
