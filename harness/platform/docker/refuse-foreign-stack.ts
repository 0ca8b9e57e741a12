/** Checkouts share the engine and its names: a stack of one must not be mixed with that of another. */
import type Dockerode from "dockerode";
import { CHECKOUT_LABEL, checkoutId } from "../../../infra/stack/checkout-label.ts";
import { STACK_LABEL } from "../../../infra/stack/labels.ts";
import { UserError } from "../../../common/user-error.ts";

/** @throws UserError when another checkout has containers, networks or volumes of a stack of this name */
export const refuseForeignStack = async (docker: Dockerode, stack: string): Promise<void> => {
  const filters = { label: [`${STACK_LABEL}=${stack}`] };
  const [containers, networks, volumes] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  const things = [
    ...containers.map(({ Names, Id, Labels }) => ({ name: Names[0]?.slice(1) ?? Id, Labels })),
    ...networks.map(({ Name, Labels }) => ({ name: Name, Labels })),
    ...volumes.Volumes.map(({ Name, Labels }) => ({ name: Name, Labels })),
  ];
  const foreign = things.filter(({ Labels }) => Labels?.[CHECKOUT_LABEL] !== checkoutId());
  const [first] = foreign;
  if (!first) return;
  const more = foreign.length > 1 ? ` and ${foreign.length - 1} more` : "";
  throw new UserError(
    `another checkout of the lab (${first.Labels?.[CHECKOUT_LABEL] ?? "without a label"}) has a stack ${stack} in this engine: ${first.name}${more}`,
    "take it down there with sse-lab down, then run the command again",
  );
};
