/** The stacks of this checkout on record. */
import type Dockerode from "dockerode";
import { checkoutFilter } from "../../../infra/stack/checkout-label.ts";
import type { StackRecord } from "../../../infra/stack/stack-args.ts";
import { stackRecords } from "../../../infra/stack/stack-record.ts";
import { DeploymentRegistry } from "../registry/deployment-registry.ts";
import { describeOwner, isFromHere, isReleased } from "../../../common/processes/owner.ts";

export type StackRegistry = DeploymentRegistry<StackRecord>;

export const stackRegistry = (docker: Dockerode, recordsDir?: string): StackRegistry =>
  new DeploymentRegistry({
    records: stackRecords(recordsDir),
    ownerOf: ({ owner }) => owner,
    withOwner: (record, owner) => ({ ...record, owner }),
    whyForeign: ({ owner }) =>
      isReleased(owner) || isFromHere(owner) ? undefined : describeOwner(owner),
    // After a restart of the host every container is stopped.
    isUp: async ({ stack }) =>
      (await docker.listContainers({ filters: checkoutFilter(stack) })).length > 0,
  });
