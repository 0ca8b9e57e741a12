/** `chaos`: one bounce after the other, each from a whole service. */
import { nowMs } from "../../../common/clock.ts";
import { waitFor } from "../../../common/wait-for.ts";
import { ALL, hold, reasonOf, type BounceContext, type CarryOut } from "../bounce-context.ts";
import { SETTLE_S, type ChaosKind } from "../plan-chaos.ts";

const BACK_TIMEOUT_MS = 15_000;

/** Ends with the first step that fails: what follows would meet a service that is not whole. */
export const chaos =
  (carryOut: Readonly<Record<ChaosKind, CarryOut>>): CarryOut =>
  async (context) => {
    const { chaos: plan, log, signal } = context;
    if (plan === undefined || plan.steps.length === 0) {
      log.failed(ALL, "the load leaves no time for a bounce");
      return;
    }
    for (const { kind, seconds, seed } of plan.steps) {
      if (signal?.aborted || nowMs() + seconds * 1000 > plan.untilMs) return;
      const own = log.as(kind);
      await carryOut[kind]({ ...context, seed, log: own });
      if (log.hasFailed) return;
      try {
        await waitUntilWhole(context);
        await hold(context, SETTLE_S * 1000);
      } catch (error) {
        if (!signal?.aborted) own.failed(ALL, reasonOf(error));
        return;
      }
    }
  };

/** Resolves when every instance takes traffic and has its broker. */
const waitUntilWhole = ({ deployment, signal }: BounceContext): Promise<void> =>
  waitFor({
    name: "every instance to be ready after a bounce",
    timeoutMs: BACK_TIMEOUT_MS,
    condition: async (within) => {
      const hasBroker = deployment.broker !== undefined || deployment.realtime !== undefined;
      // A removed one comes back with the next step.
      for (const instance of deployment.scale?.running() ?? deployment.instances) {
        const url = deployment.instanceUrls[instance];
        const answer = await fetch(`${url}/readyz`, { signal: within });
        const { broker } = (await answer.json()) as { broker?: string };
        if (!answer.ok || (hasBroker && broker === "down"))
          return `${instance} answers ${answer.status}`;
      }
      return true;
    },
    signal,
  });
