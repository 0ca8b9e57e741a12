/** The links between instances and Redis: a second network of the stack, which a bounce cuts. */
import type Dockerode from "dockerode";
import { INSTANCE_LABEL, ROLE_LABEL, STACK_LABEL } from "../../../../infra/stack/labels.ts";
import { waitFor } from "../../../../common/wait-for.ts";
import type { LinkControl } from "../../platform.ts";
import type { StackLayout } from "../stack-layout.ts";
import { BROKER } from "./control-broker.ts";

export interface LinkedStack {
  docker: Dockerode;
  stack: string;
  /** Of the stack, beside its own. */
  labels: Readonly<Record<string, string>>;
  layout: Pick<StackLayout, "instances" | "instanceUrls" | "ready">;
  signal: AbortSignal;
}

export interface RedisLinks extends LinkControl {
  /** Connects a new container of an instance. */
  join(instance: string): Promise<void>;
}

const OWN_READY_PATH = "/readyz";
const JOIN_TIMEOUT_MS = 15_000;
/** The engine gives lower addresses to what asks for none. */
const FIRST_ADDRESS = 100;

export const linkNetwork = (stack: string): string => `${stack}-redis-link`;

/** The links of a stack that has them. */
export async function findLinks({
  docker,
  stack,
  layout,
}: LinkedStack): Promise<RedisLinks | undefined> {
  const network = docker.getNetwork(linkNetwork(stack));
  const found = await network.inspect().catch((error: unknown) => {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  });
  const subnet = found?.IPAM?.Config?.[0]?.Subnet;
  if (subnet === undefined) return undefined;
  const addressOf = (instance: string): string =>
    subnet.replace(/\d+\/\d+$/, String(FIRST_ADDRESS + layout.instances.indexOf(instance)));
  const join = async (instance: string): Promise<void> => {
    // The address stays the same, so that connections live on.
    const EndpointConfig = { IPAMConfig: { IPv4Address: addressOf(instance) } };
    await network.connect({ Container: `${stack}-${instance}`, EndpointConfig });
  };
  return {
    join,
    cut: async (instance, peer) => {
      if (peer !== "redis") throw new Error("on Docker an instance has one link to cut: Redis");
      await network.disconnect({ Container: `${stack}-${instance}`, Force: true });
    },
    mend: async (instance, peer) => {
      const { NetworkSettings } = await docker.getContainer(`${stack}-${instance}`).inspect();
      const isThere = linkNetwork(stack) in NetworkSettings.Networks;
      if (peer === "redis" && !isThere) await join(instance);
    },
  };
}

/** Moves Redis into another network, and connects every instance. */
export async function createLinks(given: LinkedStack): Promise<RedisLinks> {
  const { docker, stack, labels, layout, signal } = given;
  const Name = linkNetwork(stack);
  const Labels = {
    ...labels,
    [STACK_LABEL]: stack,
    [ROLE_LABEL]: "network",
    [INSTANCE_LABEL]: "redis-link",
  };
  // Addresses can only be asked for where the subnet was, too: it is the one that the engine chose.
  const tried = await docker.createNetwork({ Name, Labels });
  const { IPAM } = await tried.inspect();
  await tried.remove();
  const Config = IPAM?.Config?.map(({ Subnet }) => ({ Subnet })) ?? [];
  const network = await docker.createNetwork({ Name, Labels, IPAM: { Config } });
  const links = await findLinks(given);
  if (links === undefined) throw new Error(`${Name} has no subnet`);
  await Promise.all(layout.instances.map((instance) => links.join(instance)));
  const Container = `${stack}-${BROKER}`;
  await docker.getNetwork(`${stack}-network`).disconnect({ Container, Force: true });
  await network.connect({ Container, EndpointConfig: { Aliases: [BROKER] } });
  // A service of the user does not say what it knows of Redis.
  if (layout.ready.path !== OWN_READY_PATH) return links;
  await waitFor({
    name: "every instance to have Redis in its own network",
    timeoutMs: JOIN_TIMEOUT_MS,
    condition: async (within) => {
      for (const [instance, url] of Object.entries(layout.instanceUrls)) {
        const answer = await fetch(`${url}${OWN_READY_PATH}`, { signal: within });
        const { broker } = (await answer.json()) as { broker?: string };
        if (broker !== "up") return `${instance} says ${broker ?? "nothing"} of its broker`;
      }
      return true;
    },
    signal,
  });
  return links;
}
