import type { DeliveryPromise, AllowedCause } from "../../infra/topologies.ts";
import { BOUNCE_KINDS, type BounceKind } from "../history/observation.ts";
import { KINDS_OF_BOUNCE } from "../nemesis/kinds.ts";

/** Causes of loss that a topology's promise allows in a run with this bounce. */
export const promisedCauses = (
  promise: DeliveryPromise,
  bounce: BounceKind,
): readonly AllowedCause[] => {
  const { steady, bounced, realtimeOutage = bounced } = promise;
  if (bounce === "none") return steady;
  if (bounce === "chaos") {
    const others = BOUNCE_KINDS.filter((kind) => kind !== "none" && kind !== "chaos");
    return [...new Set(others.flatMap((kind) => promisedCauses(promise, kind)))];
  }
  return KINDS_OF_BOUNCE[bounce].group === "realtime" ? realtimeOutage : bounced;
};
