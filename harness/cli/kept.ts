/** What `sse-lab up` left running, on whatever platform. */
import type { KeptDeployment, Platform } from "../platform/platform.ts";
import { loadPlatforms } from "./platforms.ts";

export interface Kept {
  deployment: KeptDeployment;
  platform: Platform;
}

/** All of them, platform by platform, oldest first. @throws what a platform says that cannot tell */
export async function findAllKept(): Promise<Kept[]> {
  const found = await Promise.all(
    (await loadPlatforms()).map(async (platform) =>
      (await platform.findKept()).map((deployment) => ({ deployment, platform })),
    ),
  );
  return found.flat();
}
