/** The platforms of this version. Each is loaded when it is asked for: commands on host processes do not pay for loading Pulumi. */
import { localPlatform } from "../../platform/local/local-platform.ts";
import type { Platform, PlatformName } from "../../platform/platform.ts";

export interface PlatformEntry {
  name: PlatformName;
  load(): Promise<Platform>;
}

const docker = () => import("../../platform/docker/docker-platform.ts");

export const PLATFORMS: readonly PlatformEntry[] = [
  { name: "local", load: () => Promise.resolve(localPlatform) },
  { name: "docker", load: async () => (await docker()).dockerPlatform },
];

/** All of them, in the order of `PLATFORMS`. */
export const loadPlatforms = (): Promise<Platform[]> => Promise.all(PLATFORMS.map((entry) => entry.load()));

/** Does an engine answer, and is Pulumi found? Fetches and builds nothing. `reason`: one line for people. */
export const dockerAvailability = async (): Promise<{ usable: boolean; reason: string }> =>
  (await docker()).dockerAvailability();
