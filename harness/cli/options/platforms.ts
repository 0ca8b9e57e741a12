/** The platforms. Each is loaded when it is used, because loading Pulumi takes a second. */
import type { Platform, PlatformName } from "../../platform/platform.ts";

const docker = () => import("../../platform/docker/docker-platform.ts");

/** Those that start topologies. */
export type StartingPlatform = Exclude<PlatformName, "target">;

const LOADERS: Readonly<Record<StartingPlatform, () => Promise<Platform>>> = {
  local: async () => (await import("../../platform/local/local-platform.ts")).localPlatform,
  docker: async () => (await docker()).dockerPlatform,
};

export const PLATFORM_NAMES = Object.keys(LOADERS) as readonly StartingPlatform[];

export const loadPlatform = (name: StartingPlatform): Promise<Platform> => LOADERS[name]();

/** All of them, in the order of `PLATFORM_NAMES`. */
export const loadPlatforms = (): Promise<Platform[]> =>
  Promise.all(PLATFORM_NAMES.map(loadPlatform));

/** Does a Docker engine answer, and is Pulumi here? Fetches nothing. `reason`: one line. */
export const dockerAvailability = async (): Promise<{ usable: boolean; reason: string }> =>
  (await docker()).dockerAvailability();
