import type { DeliveryPromise, AllowedCause } from "../../infra/topologies.ts";
import { BOUNCE_KINDS, type BounceKind } from "../history/observation.ts";
import { KINDS_OF_BOUNCE } from "../nemesis/kinds.ts";

/** Causes of loss that a topology's promise allows in a run with this bounce. */
export const promisedCauses = (
  promise: DeliveryPromise,
  bounce: BounceKind,
): readonly AllowedCause[] => {
  const { steady, bounced, brokerAway = bounced, brokerForgets = brokerAway } = promise;
  const { harms } = KINDS_OF_BOUNCE[bounce];
  if (harms === "anything") {
    const others = BOUNCE_KINDS.filter((kind) => kind !== "none" && kind !== bounce);
    return [...new Set(others.flatMap((kind) => promisedCauses(promise, kind)))];
  }
  return { nothing: steady, instances: bounced, broker: brokerAway, log: brokerForgets }[harms];
};
