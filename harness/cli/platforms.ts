/** The platforms of this version. Each is loaded when it is asked for: commands on host processes do not pay for loading Pulumi. */
import { existsSync } from "node:fs";
import { localPlatform } from "../platform/local/local-platform.ts";
import type { Platform, PlatformName } from "../platform/platform.ts";

export interface PlatformEntry {
  name: PlatformName;
  /** Undefined where this version does not have it. */
  load(): Promise<Platform | undefined>;
}

/** What the Docker platform's module has to offer. */
interface DockerModule {
  dockerPlatform: Platform;
  /** Does a daemon answer, and is Pulumi found? Cheap. `reason`: one line for people. */
  dockerAvailability(): Promise<{ usable: boolean; reason: string }>;
}

const DOCKER_MODULE = new URL("../platform/docker/docker-platform.ts", import.meta.url);

const loadDocker = async (): Promise<DockerModule | undefined> =>
  existsSync(DOCKER_MODULE) ? ((await import(DOCKER_MODULE.href)) as DockerModule) : undefined;

export const PLATFORMS: readonly PlatformEntry[] = [
  { name: "local", load: () => Promise.resolve(localPlatform) },
  { name: "docker", load: async () => (await loadDocker())?.dockerPlatform },
];

/** All that this version has, in the order of `PLATFORMS`. */
export async function loadPlatforms(): Promise<Platform[]> {
  const loaded = await Promise.all(PLATFORMS.map((entry) => entry.load()));
  return loaded.filter((platform) => platform !== undefined);
}

/** Can topologies run as containers here, and why (not)? */
export async function dockerAvailability(): Promise<{ usable: boolean; reason: string }> {
  const docker = await loadDocker();
  return docker
    ? docker.dockerAvailability()
    : { usable: false, reason: "this version runs topologies as host processes only" };
}
