/** The stacks of this checkout on record. */
import { checkoutId, describeCheckout } from "../../../common/checkout-identity.ts";
import type { DockerClient } from "../../../infra/engine/docker-client.ts";
import { CHECKOUT_LABEL, checkoutFilter } from "../../../infra/stack/checkout-label.ts";
import type { StackRecord } from "../../../infra/stack/stack-args.ts";
import { stackRecords } from "../../../infra/stack/stack-record.ts";
import { DeploymentRegistry } from "../registry/deployment-registry.ts";
import { describeOwner, isFromHere, isReleased } from "../../../common/processes/owner.ts";

export type StackRegistry = DeploymentRegistry<StackRecord>;

/** Whose stack it is, if not this checkout's on this engine. Undefined: it is ours. */
const whyForeign = (
  { labels, engine, owner }: StackRecord,
  { engineId, host }: DockerClient,
): string | undefined => {
  const checkout = labels[CHECKOUT_LABEL] ?? "without an id";
  if (checkout !== checkoutId()) return describeCheckout(checkout);
  if (engine !== undefined && engineId !== undefined && engine !== engineId) {
    return `another Docker engine (${engine}) than the one at ${host}`;
  }
  return isReleased(owner) || isFromHere(owner) ? undefined : describeOwner(owner);
};

export const stackRegistry = (client: DockerClient, recordsDir?: string): StackRegistry =>
  new DeploymentRegistry({
    records: stackRecords(recordsDir),
    ownerOf: ({ owner }) => owner,
    withOwner: (record, owner) => ({ ...record, owner }),
    whyForeign: (record) => whyForeign(record, client),
    // After a restart of the host every container is stopped.
    isUp: async ({ stack }) =>
      (await client.docker.listContainers({ filters: checkoutFilter(stack) })).length > 0,
  });
