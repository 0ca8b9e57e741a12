import type { DeliveryPromise, AllowedCause } from "../../infra/topologies.ts";
import type { BounceKind } from "../history/observation.ts";

/** Causes of loss that a topology's promise allows in a run with this bounce. */
export const promisedCauses = (
  { steady, bounced, realtimeOutage = bounced }: DeliveryPromise,
  bounce: BounceKind,
): readonly AllowedCause[] => {
  if (bounce === "none") return steady;
  return bounce === "realtime-outage" ? realtimeOutage : bounced;
};
