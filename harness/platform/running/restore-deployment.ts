import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment, FoundDeployment, Peer, RunningDeployment } from "../platform.ts";
import { downInstances, isRealtimeDown, unreachableComponents } from "./deployment-health.ts";

/** The longest drain, then the slowest start, and room for a busy host. */
const RESTORE_MS = 60_000;
const LOOK_MS = 200;

/** What is down and can be started. Realtime comes first, because instances connect to it. */
const downComponents = async (running: RunningDeployment): Promise<string[]> => [
  ...(running.realtime && (await isRealtimeDown(running)) ? [running.realtime.name] : []),
  ...(await downInstances(running)),
];

/** Wakes up what is frozen, mends what is cut, and starts what instances and clients connect to. */
const undoBounces = async (deployment: Deployment): Promise<void> => {
  const { instances, control, links, broker, router } = deployment;
  const peers: readonly Peer[] = broker ? ["redis", "router"] : ["router"];
  for (const instance of instances) {
    await control.resume(instance);
    for (const peer of peers) await links?.mend(instance, peer);
  }
  await broker?.resume();
  await broker?.start();
  await router.start();
};

/**
 * Starts all that a bounce left down, and undoes what else it left. An instance that still drains
 * starts once it has exited. Never rejects: after a minute it says what is still down, and the
 * command that starts it.
 */
export async function restoreDeployment(
  { deployment: running, platform }: FoundDeployment,
  say: (line: string) => void,
): Promise<void> {
  const signal = AbortSignal.timeout(RESTORE_MS);
  try {
    const deployment = await platform.attach(running.id, { onStep: say, signal });
    try {
      await undoBounces(deployment);
      for (let reported = ""; ;) {
        const down = await downComponents(running);
        if (down.length === 0) return;
        signal.throwIfAborted();
        const names = down.join(", ");
        if (names !== reported) say(`bringing back ${names}`);
        reported = names;
        // A start does nothing to what still runs.
        for (const component of down) {
          const { control, realtime } = deployment;
          await (component === realtime?.name
            ? realtime.control?.start()
            : control.start(component));
        }
        await sleep(LOOK_MS, undefined, { signal });
      }
    } finally {
      await deployment.detach();
    }
  } catch (error) {
    const down = await unreachableComponents(running);
    if (down.length === 0) return;
    const reason = error instanceof Error ? error.message : String(error);
    say(
      `${down.join(", ")} of ${running.topology} did not come back: ${reason}\n` +
        `start it with: sse-lab bounce ${running.topology} --platform ${platform.name} ` +
        "--kind recreate (it reports what was down)",
    );
  }
}
