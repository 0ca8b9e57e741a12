/** `crash` and `pause`: what happens to the one instance that the seed chooses. */
import { disturbFor, chooseInstance, msOf, type CarryOut } from "../bounce-context.ts";

export const crash: CarryOut = async (context) => {
  const { control } = context.deployment;
  const target = chooseInstance(context);
  if (target === undefined) return;
  await disturbFor(context, target, {
    begin: () => control.kill(target),
    forMs: msOf(context, "crash"),
    end: () => control.start(target),
  });
};

export const pause: CarryOut = async (context) => {
  const { control } = context.deployment;
  const target = chooseInstance(context);
  if (target === undefined) return;
  await disturbFor(context, target, {
    begin: () => control.pause(target),
    forMs: msOf(context, "pause"),
    end: () => control.resume(target),
    overAtOnce: true,
  });
};
