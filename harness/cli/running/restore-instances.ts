import { setTimeout as sleep } from "node:timers/promises";
import type { RunningDeployment } from "../../platform/platform.ts";
import type { FoundDeployment } from "./running-deployment.ts";
import { downInstances, isRealtimeDown } from "./deployment-health.ts";

/** The longest drain, then the slowest start, and room for a busy host. */
const RESTORE_MS = 60_000;
const LOOK_MS = 200;

/** What is down and can be started. Realtime comes first, because instances connect to it. */
const downComponents = async (running: RunningDeployment): Promise<string[]> => [
  ...(running.realtime && (await isRealtimeDown(running)) ? [running.realtime.name] : []),
  ...(await downInstances(running)),
];

/**
 * Starts every instance, and Realtime, that an interrupted bounce left down. An instance that still
 * drains starts once it has exited. Never rejects: after a minute it prints what is still down, and
 * the command that starts it.
 */
export async function restoreInstances({
  deployment: running,
  platform,
}: FoundDeployment): Promise<void> {
  const say = (line: string): void => void process.stderr.write(`  ${line}\n`);
  const signal = AbortSignal.timeout(RESTORE_MS);
  try {
    const deployment = await platform.attach(running.id, { onStep: say, signal });
    try {
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
    const down = await downComponents(running);
    if (down.length === 0) return;
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(
      `${down.join(", ")} of ${running.topology} did not come back: ${reason}\n` +
        `start it with: sse-lab bounce ${running.topology} --platform ${platform.name} ` +
        "--kind recreate (it reports what was down)\n",
    );
  }
}
