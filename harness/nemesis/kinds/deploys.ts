/** `rolling` and `recreate`: deploys, with the times of the platform. */
import { ALL, msOf, reasonOf, type CarryOut } from "../bounce-context.ts";

/** Records one disturbance per instance. */
export const rolling: CarryOut = async ({ deployment, settings, log, serverSettings }) => {
  const { instances, control } = deployment;
  const untouched = new Set(instances);
  try {
    await control.deploy({
      strategy: "rolling",
      graceMs: settings.stopGraceMs,
      ...(serverSettings === undefined ? {} : { settings: serverSettings }),
      onReplace: (instance, state, atMs) => {
        if (state === "started") {
          untouched.delete(instance);
          log.started(instance, atMs);
        } else log.ended(instance, atMs);
      },
    });
    for (const instance of [...log.underWay(), ...untouched]) {
      log.failed(instance, "the deploy ended without replacing this instance");
    }
  } catch (error) {
    const underWay = log.underWay();
    const next = underWay.length > 0 ? underWay : [[...untouched][0] ?? ALL];
    for (const target of next) log.failed(target, reasonOf(error));
  }
};

/** Records one disturbance, from the first instance that stops to the last that is back. */
export const recreate: CarryOut = async ({ deployment, settings, log }) => {
  const { instances, control } = deployment;
  const notReplaced = new Set(instances);
  let lastEndMs = 0;
  try {
    await control.deploy({
      strategy: "recreate",
      graceMs: settings.stopGraceMs,
      onReplace: (instance, state, atMs) => {
        if (state === "started") {
          if (log.underWay().length === 0) log.started(ALL, atMs);
          return;
        }
        notReplaced.delete(instance);
        lastEndMs = Math.max(lastEndMs, atMs);
      },
    });
    if (notReplaced.size === 0) log.ended(ALL, lastEndMs);
    else {
      const names = [...notReplaced].join(", ");
      log.failed(ALL, `the deploy ended without replacing these instances: ${names}`);
    }
  } catch (error) {
    log.failed(ALL, reasonOf(error));
  }
};

/** A rolling deploy on a host that kills early. */
export const drainCut: CarryOut = (context) => {
  const { settings } = context;
  const stopGraceMs = Math.min(settings.stopGraceMs, msOf(context, "drain-cut", "after"));
  return rolling({ ...context, settings: { ...settings, stopGraceMs } });
};
