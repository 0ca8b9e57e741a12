/** `migration`: the strategy's steps on one live service, each on record with its window. */
import type { RouterChange } from "../../platform/platform.ts";
import { ALL, disturb, hold, type BounceContext, type CarryOut } from "../bounce-context.ts";
import { BEFORE_MIGRATION, MIGRATION, type MigrationStep } from "../migration-steps.ts";
import { rolling } from "./deploys.ts";

type Migrated = Pick<BounceContext["deployment"], "instances" | "control" | "router" | "scale">;

const CANNOT = "the router of this deployment cannot change while it runs";

/** Ends with the first step that fails: what follows would be another migration. */
export const migration: CarryOut = async (context) => {
  const { log, settings, signal } = context;
  for (const [index, step] of MIGRATION.entries()) {
    const { name, allowedCauses } = step;
    const recorded = { step: index + 1, name, allowedCauses };
    log.step({ ...recorded, state: "started" });
    if (step.settings)
      await rolling({ ...context, serverSettings: step.settings, log: log.as("rolling") });
    if (step.router) await changeRouter(context, step.router);
    log.step({ ...recorded, state: "ended" });
    if (log.hasFailed) return;
    try {
      await hold(context, settings.migrationHoldMs);
    } catch (error) {
      if (!signal?.aborted) throw error;
      return;
    }
  }
};

/** Before the load: one instance, no Redis, no affinity. @throws if the platform cannot do that */
export async function prepareMigration(
  { instances, control, router, scale }: Migrated,
  graceMs: number,
): Promise<void> {
  const [first, ...others] = instances;
  if (router.change === undefined || scale === undefined || first === undefined)
    throw new Error(CANNOT);
  await control.deploy({ strategy: "recreate", graceMs, settings: BEFORE_MIGRATION });
  await router.change({ affinity: "none", instances: [first] });
  for (const other of others) await scale.remove(other, graceMs);
}

/** Adds instances before the router knows them, and removes them after it has left them out. */
async function changeRouter(
  context: BounceContext,
  { affinity, instances: which }: NonNullable<MigrationStep["router"]>,
): Promise<void> {
  const { deployment, settings, log } = context;
  const { instances, router, scale } = deployment;
  if (router.change === undefined || scale === undefined) {
    log.failed(ALL, CANNOT);
    return;
  }
  const { change } = router;
  const running = scale.running();
  const wanted = which === "all" ? instances : instances.slice(0, 1);
  const to = (names: RouterChange["instances"]): Promise<void> =>
    change({ affinity, instances: names });
  await disturb(context, router.name, async () => {
    const added = wanted.filter((name) => !running.includes(name));
    // Requests of a session stay together before there is a second instance to go to.
    if (added.length > 0) await to(running);
    for (const name of added) await scale.boot(name);
    await to(wanted);
  });
  const scaleIn = { ...context, log: log.as("scale-in") };
  for (const name of running.filter((one) => !wanted.includes(one)))
    await disturb(scaleIn, name, () => scale.remove(name, settings.stopGraceMs));
}
