/**
 * Removes containers, networks and volumes that carry our labels, in this order: containers use
 * the others.
 */
import { setTimeout as delay } from "node:timers/promises";
import type Dockerode from "dockerode";
import { plural } from "../../../common/portable/plural.ts";
import { STACK_LABEL } from "../../../infra/stack/labels.ts";
import { UserError } from "../../../common/user-error.ts";
import { checkoutFilter } from "../../../infra/stack/checkout-label.ts";

export interface RemovedThings {
  containers: number;
  networks: number;
  volumes: number;
}

const GONE = 404;
/** A container: another command is removing it. A volume: a container uses it. */
const CONFLICT = 409;
/** The engine takes a moment to free what a container used. */
const GONE_TIMEOUT_MS = 30_000;
const RETRY_MS = 100;

const statusOf = (error: unknown): number | undefined =>
  (error as { statusCode?: number }).statusCode;

const removeAll = async (
  removals: readonly (() => Promise<unknown>)[],
  passedOver: readonly number[] = [GONE],
): Promise<number> => {
  const results = await Promise.allSettled(removals.map((remove) => remove()));
  for (const result of results) {
    if (result.status === "rejected" && !passedOver.includes(statusOf(result.reason) ?? 0)) {
      throw result.reason;
    }
  }
  return results.filter((result) => result.status === "fulfilled").length;
};

export interface StackObjects {
  containers: Dockerode.ContainerInfo[];
  networks: Dockerode.NetworkInspectInfo[];
  volumes: Dockerode.VolumeInspectInfo[];
}

/** Containers are listed whether they run or not. */
export const listByLabels = async (
  docker: Dockerode,
  filters: { label: string[] },
): Promise<StackObjects> => {
  const [containers, networks, volumes] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  return { containers, networks, volumes: volumes.Volumes };
};

/** What the engine has of this checkout, or of one of its stacks. */
export const listOwn = (docker: Dockerode, stack?: string): Promise<StackObjects> =>
  listByLabels(docker, checkoutFilter(stack));

/** Names of the stacks of which the engine has anything. */
export const stacksInEngine = async (docker: Dockerode): Promise<string[]> => {
  const { containers, networks, volumes } = await listOwn(docker);
  const labels = [...containers, ...networks, ...volumes].map(
    (one) => one.Labels as Record<string, string> | null,
  );
  return [...new Set(labels.flatMap((own) => own?.[STACK_LABEL] ?? []))].sort();
};

/** Resolves with the number of containers. */
export const removeContainers = async (docker: Dockerode, stack: string): Promise<number> => {
  const { containers } = await listOwn(docker, stack);
  // Killed, not stopped: ledgers are written record by record, so a drain would save nothing.
  return removeAll(
    containers.map(
      ({ Id }) =>
        () =>
          docker.getContainer(Id).remove({ force: true, v: true }),
    ),
    [GONE, CONFLICT],
  );
};

/** While a container exists, the engine removes neither its network nor its volume. */
const containersGone = async (docker: Dockerode, stack: string): Promise<void> => {
  const deadline = performance.now() + GONE_TIMEOUT_MS;
  for (;;) {
    const { containers } = await listOwn(docker, stack);
    if (containers.length === 0) return;
    if (performance.now() > deadline) {
      const names = containers.flatMap(({ Names }) => Names).join(", ");
      throw new UserError(
        `the engine still has ${names} ${GONE_TIMEOUT_MS / 1000} s after their removal`,
        "restart the Docker engine, then run sse-lab down",
      );
    }
    await delay(RETRY_MS);
  }
};

const removeVolume = async (docker: Dockerode, name: string): Promise<void> => {
  const deadline = performance.now() + GONE_TIMEOUT_MS;
  for (;;) {
    try {
      await docker.getVolume(name).remove({ force: true });
      return;
    } catch (error) {
      if (statusOf(error) !== CONFLICT || performance.now() > deadline) throw error;
      await delay(RETRY_MS);
    }
  }
};

/** @throws the engine's error for an object that it does not remove; call again to retry */
export const removeByLabel = async (docker: Dockerode, stack: string): Promise<RemovedThings> => {
  const { networks, volumes } = await listOwn(docker, stack);
  const containers = await removeContainers(docker, stack);
  await containersGone(docker, stack);
  return {
    containers,
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
            removeVolume(docker, Name),
      ),
    ),
  };
};

const SINGULAR = { containers: "container", networks: "network", volumes: "volume" } as const;

/** `5 containers, 1 network`, or an empty string. */
export const describeRemoved = (removed: RemovedThings): string =>
  (Object.entries(SINGULAR) as [keyof RemovedThings, string][])
    .filter(([kind]) => removed[kind] > 0)
    .map(([kind, name]) => plural(removed[kind], name))
    .join(", ");
