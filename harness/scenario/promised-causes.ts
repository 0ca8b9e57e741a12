import type { DeliveryPromise, AllowedCause } from "../../infra/topologies.ts";
import type { BounceKind } from "../history/observation.ts";
import { KINDS_OF_BOUNCE } from "../nemesis/kinds.ts";

/** Causes of loss that a topology's promise allows in a run with this bounce. */
export const promisedCauses = (
  { steady, bounced, realtimeOutage = bounced }: DeliveryPromise,
  bounce: BounceKind,
): readonly AllowedCause[] => {
  if (bounce === "none") return steady;
  return KINDS_OF_BOUNCE[bounce].group === "realtime" ? realtimeOutage : bounced;
};
