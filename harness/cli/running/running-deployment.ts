/** What `sse-lab up` left running, on whatever platform. */
import type { KeptDeployment, Platform } from "../../platform/platform.ts";
import { loadPlatforms } from "../options/platforms.ts";

export interface Kept {
  deployment: KeptDeployment;
  platform: Platform;
}

/** All of them, platform by platform, oldest first. A platform that cannot tell is said, and is no reason to do without the others. */
export async function findAllKept(): Promise<Kept[]> {
  const found: Kept[] = [];
  for (const platform of await loadPlatforms()) {
    try {
      const kept = await platform.findKept();
      found.push(...kept.map((deployment) => ({ deployment, platform })));
    } catch (error) {
      process.stderr.write(`cannot tell what is up on ${platform.name}: ${(error as Error).message}\n`);
    }
  }
  return found;
}
