/** The Docker platform: topologies as stacks of containers that Pulumi deploys. */
import { release } from "node:os";
import { DEFAULT_GRACE_S } from "../../../common/portable/default-grace.ts";
import { routerHealthCheckMs, serverSettings } from "../../../infra/stack/server-settings.ts";
import { locateCli, locatePlugin } from "../../../infra/toolchain/locate-pulumi.ts";
import { resolvePulumi } from "../../../infra/toolchain/resolve-pulumi.ts";
import type { BounceKind } from "../../history/observation.ts";
import type { Platform, UpOptions, DeploymentListeners } from "../platform.ts";
import { bringUp } from "./bring-up.ts";
import { connectDocker } from "../../../infra/engine/docker-client.ts";
import type { DockerDeployment } from "./docker-deployment.ts";
import { UserError } from "../../../common/user-error.ts";
import { readImageSettings, type ImageSettings } from "../../../infra/images/image-settings.ts";
import { prepareImages } from "../../../infra/images/prepare-images.ts";
import { attach, findRunning } from "./running-stacks.ts";
import { downAll, sweepLeftovers } from "./sweep-stacks.ts";

export interface DockerPlatform extends Platform {
  name: "docker";
  up(options: UpOptions): Promise<DockerDeployment>;
  attach(id: string, listeners: DeploymentListeners): Promise<DockerDeployment>;
}

/** Interval of the health check in the server's image, ms. Pulumi waits for it to pass. */
const containerHealthCheckMs = 1_000;

/** Measured on two cores, with the drain of `serverSettings` and the start of Pulumi. */
const BOUNCE_S: Readonly<Record<BounceKind, (replicas: number) => number>> = {
  none: () => 0,
  // Never on this platform.
  command: () => 0,
  migration: () => 0,
  crash: () => 5,
  pause: () => 6,
  "redis-outage": () => 8,
  "redis-pause": () => 9,
  "redis-flush": () => 3,
  "redis-failover": () => 11,
  "redis-partition": () => 10,
  "router-restart": () => 8,
  "router-partition": () => 9,
  recreate: () => 11,
  // Down for 3 s, then started. Measured for the stand-in. Estimated for Supabase's server, which
  // boots three times.
  "realtime-outage": () => (isSurelyStandin(readImageSettings(process.env)) ? 8 : 20),
  // 4 s pass before the first instance: Pulumi starts, and a second time for another grace.
  rolling: (replicas) => 4 + 5.2 * replicas,
  "drain-cut": (replicas) => 4 + 4.2 * replicas,
  "scale-out": () => 5,
  "scale-in": () => 6,
  // As long as the nemesis lets them last, on any platform.
  "request-cap": () => 9,
  "idle-cut": () => 8,
  "slow-subscriber": () => 6,
  // The least that makes a sequence. A longer load has more steps.
  chaos: () => 105,
};

const isSurelyStandin = ({ mode, realtime, images }: ImageSettings): boolean =>
  realtime === "standin" || (mode === "assembled" && images.realtime === undefined);

/** @throws UserError or the reason of the abort; everything created is removed by then */
export const dockerPlatform: DockerPlatform = {
  name: "docker",
  settings: {
    ...serverSettings,
    routerHealthCheckMs,
    containerHealthCheckMs,
    defaultGraceS: DEFAULT_GRACE_S,
  },
  bounceSeconds: (kind, replicas) => BOUNCE_S[kind](replicas),
  prepare: async ({ topologies, realtime, service, onStep, signal }) => {
    // A misspelt setting is refused before anything is fetched.
    readImageSettings(process.env);
    const { docker, host } = await connectDocker();
    await refuseOtherClock((await docker.info()) as EngineInfo, host);
    await resolvePulumi({ onStep, signal });
    await prepareImages({
      topologies,
      service,
      ...(realtime ? { realtime } : {}),
      ...(onStep ? { onStep } : {}),
      ...(signal ? { signal } : {}),
    });
  },
  up: (options) => bringUp(options),
  findRunning,
  attach,
  sweepLeftovers,
  downAll,
};

interface EngineInfo {
  KernelVersion?: string;
  OperatingSystem?: string;
}

/** Containers use the kernel and CLOCK_MONOTONIC of their engine. A virtual machine has its own. */
const sharesClock = ({ KernelVersion }: EngineInfo): boolean =>
  process.platform === "linux" && KernelVersion === release();

const otherClock = ({ OperatingSystem = "a virtual machine" }: EngineInfo, host: string): string =>
  `the Docker engine at ${host} runs in ${OperatingSystem} and has another clock than this host`;

const refuseOtherClock = (info: EngineInfo, host: string): Promise<void> =>
  sharesClock(info)
    ? Promise.resolve()
    : Promise.reject(
        new UserError(
          `${otherClock(info, host)}: times of servers and load are not comparable`,
          "use --platform local; the Pulumi CLI can still bring stacks up: pulumi up -s phase1",
        ),
      );

/**
 * Does an engine of this host answer, and is Pulumi installed? Fetches and builds nothing.
 * `reason`: one line for the user.
 */
export const dockerAvailability = async (
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ usable: boolean; reason: string }> => {
  try {
    const { docker, host } = await connectDocker(env);
    const info = (await docker.info()) as EngineInfo & { ServerVersion?: string };
    if (!sharesClock(info)) return { usable: false, reason: otherClock(info, host) };
    const [cli, plugin] = await Promise.all([locateCli(env), locatePlugin(env)]);
    if (!cli.found || !plugin.found) {
      const missing = cli.found ? "Pulumi's Docker plugin is" : "Pulumi is";
      const are = cli.found || plugin.found ? missing : "Pulumi and its Docker plugin are";
      return {
        usable: false,
        reason:
          `${are} not installed yet; --platform docker installs what is missing, ` +
          "sse-lab doctor shows how",
      };
    }
    return {
      usable: true,
      reason:
        `Docker ${info.ServerVersion ?? ""} answers at ${host}, ` +
        `Pulumi ${cli.found.version} is installed`,
    };
  } catch (error) {
    if (error instanceof UserError) return { usable: false, reason: error.problem };
    return { usable: false, reason: error instanceof Error ? error.message : String(error) };
  }
};
