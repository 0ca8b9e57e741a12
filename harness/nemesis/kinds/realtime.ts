/** `realtime-outage`: Realtime is killed and starts again. */
import { disturbFor, msOf, type CarryOut } from "../bounce-context.ts";

/** The target if the deployment names no Realtime component. */
const REALTIME = "realtime";

export const realtimeOutage: CarryOut = async (context) => {
  const { realtime } = context.deployment;
  const control = realtime?.control;
  if (!realtime || !control) {
    const why = realtime
      ? "the lab cannot stop a hosted Realtime"
      : "the deployment does not use Realtime";
    context.log.failed(realtime?.name ?? REALTIME, why);
    return;
  }
  await disturbFor(context, realtime.name, {
    begin: () => control.kill(),
    forMs: msOf(context, "realtime-outage"),
    end: () => control.start(),
  });
};
