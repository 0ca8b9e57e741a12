/** Removes from the engine what carries our labels: containers, networks, volumes, in the order in which they hold each other. */
import type Dockerode from "dockerode";
import { STACK_LABEL } from "../../../infra/components/labels.ts";
import { ownFilter } from "./own-labels.ts";

export interface RemovedThings {
  containers: number;
  networks: number;
  volumes: number;
}

/** Gone already, or being removed by somebody else. */
const isGone = (error: unknown): boolean => {
  const { statusCode } = error as { statusCode?: number };
  return statusCode === 404 || statusCode === 409;
};

const removeAll = async (removals: readonly (() => Promise<unknown>)[]): Promise<number> => {
  const results = await Promise.allSettled(removals.map((remove) => remove()));
  for (const result of results) {
    if (result.status === "rejected" && !isGone(result.reason)) throw result.reason;
  }
  return results.filter((result) => result.status === "fulfilled").length;
};

/** What of this checkout (of one stack, where one is given) is in the engine, stopped or running. */
export const listOwn = async (
  docker: Dockerode,
  stack?: string,
): Promise<{
  containers: Dockerode.ContainerInfo[];
  networks: Dockerode.NetworkInspectInfo[];
  volumes: Dockerode.VolumeInspectInfo[];
}> => {
  const filters = ownFilter(stack);
  const [containers, networks, volumes] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  return { containers, networks, volumes: volumes.Volumes };
};

/** Names of the stacks of this checkout that have anything in the engine. */
export const stacksInEngine = async (docker: Dockerode): Promise<string[]> => {
  const { containers, networks, volumes } = await listOwn(docker);
  const labels = [...containers, ...networks, ...volumes].map(
    (one) => one.Labels as Record<string, string> | null,
  );
  return [...new Set(labels.flatMap((own) => own?.[STACK_LABEL] ?? []))].sort();
};

/** @returns how many there were */
export const removeContainers = async (docker: Dockerode, stack: string): Promise<number> => {
  const { containers } = await listOwn(docker, stack);
  // Killed, not stopped: ledgers are written record by record, and nothing else of theirs is worth a wait.
  return removeAll(
    containers.map(
      ({ Id }) =>
        () =>
          docker.getContainer(Id).remove({ force: true, v: true }),
    ),
  );
};

/** @throws the engine's error for what it does not remove; a second call tries again */
export const removeByLabel = async (docker: Dockerode, stack: string): Promise<RemovedThings> => {
  const { networks, volumes } = await listOwn(docker, stack);
  return {
    containers: await removeContainers(docker, stack),
    networks: await removeAll(
      networks.map(
        ({ Id }) =>
          () =>
            docker.getNetwork(Id).remove(),
      ),
    ),
    volumes: await removeAll(
      volumes.map(
        ({ Name }) =>
          () =>
            docker.getVolume(Name).remove({ force: true }),
      ),
    ),
  };
};

const PLURAL = { containers: "container", networks: "network", volumes: "volume" } as const;

/** `5 containers, 1 network`, or an empty string. */
export const describeRemoved = (removed: RemovedThings): string =>
  (Object.entries(PLURAL) as [keyof RemovedThings, string][])
    .filter(([kind]) => removed[kind] > 0)
    .map(([kind, name]) => `${removed[kind]} ${name}${removed[kind] === 1 ? "" : "s"}`)
    .join(", ");
