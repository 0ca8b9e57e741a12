/** `scale-out` and `scale-in`: an instance more or less while everything runs. */
import { ALL, disturb, type BounceContext, type CarryOut } from "../bounce-context.ts";

/** The target of a bounce without one. */
const nothingTo = ({ log }: BounceContext, what: string): void =>
  log.failed(ALL, `the deployment has no instance to ${what}`);

/** Starts the first instance that does not run. */
export const scaleOut: CarryOut = async (context) => {
  const { instances, control, scale } = context.deployment;
  const running = scale?.running() ?? instances;
  const target = instances.find((instance) => !running.includes(instance));
  if (target === undefined) nothingTo(context, "add");
  else await disturb(context, target, () => control.start(target));
};

/** Drains and stops the last instance that runs. */
export const scaleIn: CarryOut = async (context) => {
  const { deployment, settings } = context;
  const { scale } = deployment;
  const target = scale?.running().at(-1);
  if (scale === undefined || target === undefined) nothingTo(context, "remove");
  else await disturb(context, target, () => scale.remove(target, settings.stopGraceMs));
};
