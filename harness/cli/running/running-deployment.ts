/** What `sse-lab up` left running, on whatever platform. */
import type { RunningDeployment, Platform } from "../../platform/platform.ts";
import { loadPlatforms } from "../options/platforms.ts";

export interface FoundDeployment {
  deployment: RunningDeployment;
  platform: Platform;
}

/** All of them, platform by platform, oldest first. A platform that cannot tell is said, and is no reason to do without the others. */
export async function findAllRunning(): Promise<FoundDeployment[]> {
  const found: FoundDeployment[] = [];
  for (const platform of await loadPlatforms()) {
    try {
      const kept = await platform.findRunning();
      found.push(...kept.map((deployment) => ({ deployment, platform })));
    } catch (error) {
      process.stderr.write(`cannot tell what is up on ${platform.name}: ${(error as Error).message}\n`);
    }
  }
  return found;
}
