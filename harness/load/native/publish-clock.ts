import { isLoopback } from "../../../common/loopback.ts";
import type { EngineObservation } from "../../history/observation.ts";
import type { LoadPlan } from "../portable/load-plan.ts";

/** The wall clock is read in whole milliseconds, and steered while the load runs. */
const SAME_HOST_ERROR_MS = 2;

/** How far converted publish times may be off. Empty: there are none. Null: unknown. */
export const publishClockOf = ({
  url,
  service,
  ledger,
}: LoadPlan): Pick<EngineObservation, "publishClockErrorMs"> => {
  const clock = service.event.published?.clock;
  if (ledger || clock === undefined) return {};
  if (!isLoopback(new URL(url).hostname)) return { publishClockErrorMs: null };
  if (clock === "monotonic") return { publishClockErrorMs: 0 };
  return {
    publishClockErrorMs: clock === "unix-s" ? 1_000 + SAME_HOST_ERROR_MS : SAME_HOST_ERROR_MS,
  };
};
