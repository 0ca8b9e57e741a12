/** Finds what `sse-lab up` left running, on every platform. */
import type { RunningDeployment, Platform } from "../../platform/platform.ts";
import { loadPlatforms } from "../options/platforms.ts";

export interface FoundDeployment {
  deployment: RunningDeployment;
  platform: Platform;
}

/**
 * By platform, oldest first. A platform that fails is reported, and the others still count.
 */
export async function findAllRunning(): Promise<FoundDeployment[]> {
  const found: FoundDeployment[] = [];
  for (const platform of await loadPlatforms()) {
    try {
      const running = await platform.findRunning();
      found.push(...running.map((deployment) => ({ deployment, platform })));
    } catch (error) {
      process.stderr.write(
        `cannot list what is up on ${platform.name}: ${(error as Error).message}\n`,
      );
    }
  }
  return found;
}
