/** `command`: a command of the user disturbs a target. */
import { type CarryOut, reasonOf } from "../bounce-context.ts";

const TARGET = "target";

export const command: CarryOut = async ({ deployment: { bounceByCommand }, log, signal }) => {
  if (bounceByCommand === undefined) {
    log.failed(TARGET, "the deployment has no bounce command");
    return;
  }
  log.started(TARGET);
  try {
    await bounceByCommand();
    log.ended(TARGET);
  } catch (error) {
    if (signal?.aborted) return;
    log.failed(TARGET, reasonOf(error));
  }
};
