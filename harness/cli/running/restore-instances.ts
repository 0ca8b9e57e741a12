import { setTimeout as sleep } from "node:timers/promises";
import type { RunningDeployment } from "../../platform/platform.ts";
import type { FoundDeployment } from "./running-deployment.ts";
import { downInstances, isRealtimeDown } from "./deployment-health.ts";

/** The longest drain and the slowest start one after the other, and room for a busy host. */
const BRING_BACK_MS = 60_000;
const LOOK_MS = 200;

/** Names of what is down and can be started: Realtime first, which instances look for. */
const downComponents = async (kept: RunningDeployment): Promise<string[]> => [
  ...(kept.realtime && (await isRealtimeDown(kept)) ? [kept.realtime.name] : []),
  ...(await downInstances(kept)),
];

/**
 * Starts every instance, and Realtime, that an interrupted bounce left down. One that still drains is waited for: until it is gone it cannot be started.
 * Never rejects: what is not back after a minute is named, with the command that brings it back.
 */
export async function restoreInstances({ deployment: kept, platform }: FoundDeployment): Promise<void> {
  const say = (line: string): void => void process.stderr.write(`  ${line}\n`);
  const signal = AbortSignal.timeout(BRING_BACK_MS);
  try {
    const deployment = await platform.attach(kept.id, { onStep: say, signal });
    try {
      for (let told = ""; ;) {
        const down = await downComponents(kept);
        if (down.length === 0) return;
        signal.throwIfAborted();
        const names = down.join(", ");
        if (names !== told) say(`bringing back ${names}`);
        told = names;
        // Nothing happens to what still runs.
        for (const part of down) {
          const { control, realtime } = deployment;
          await (part === realtime?.name ? realtime.control?.start() : control.start(part));
        }
        await sleep(LOOK_MS, undefined, { signal });
      }
    } finally {
      await deployment.detach();
    }
  } catch (error) {
    const down = await downComponents(kept);
    if (down.length === 0) return;
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(
      `${down.join(", ")} of ${kept.topology} did not come back: ${reason}\n` +
        `bring back: sse-lab bounce ${kept.topology} --platform ${platform.name} --kind recreate (it starts what is down, and says that it was)\n`,
    );
  }
}
