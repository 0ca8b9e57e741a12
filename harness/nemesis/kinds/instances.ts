/** `crash`: what happens to the one instance that the seed chooses. */
import { seededRandom } from "../../../common/portable/seeded-random.ts";
import { ALL, disturb, hold, type BounceContext, type CarryOut } from "../bounce-context.ts";

/** Disturbs one instance. Records a failure if there is none. */
const onOne =
  (carryOut: (context: BounceContext, instance: string) => Promise<void>): CarryOut =>
  async (context) => {
    const { instances } = context.deployment;
    const target = instances[seededRandom(context.seed).integer(0, instances.length - 1)];
    if (target === undefined) context.log.failed(ALL, "the deployment has no instance");
    else await disturb(context, target, () => carryOut(context, target));
  };

export const crash = onOne(async (context, target) => {
  const { control } = context.deployment;
  await control.kill(target);
  await hold(context, context.settings.restartDelayMs);
  await control.start(target);
});
