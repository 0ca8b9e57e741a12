/** The Docker platform: topologies as stacks of containers, deployed and deployed again by Pulumi. */
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

/** Interval of the health check that is in the server's image, ms: Pulumi goes on to the next instance when it is passed. */
const containerHealthCheckMs = 1_000;

/** Measured on two cores, with the drain of `serverSettings` and Pulumi's own start. */
const BOUNCE_S: Readonly<Record<BounceKind, (replicas: number) => number>> = {
  none: () => 0,
  crash: () => 5,
  recreate: () => 11,
  // Killed, three seconds of nothing, and started again. Of the stand-in measured; of Supabase's own, which boots three times, estimated.
  "realtime-outage": () => (isSurelyStandin(readImageSettings(process.env)) ? 8 : 20),
  // Four of it before the first instance is touched: Pulumi starts, and once more when the grace is another one.
  rolling: (replicas) => 4 + 5.2 * replicas,
};

const isSurelyStandin = ({ mode, realtime, images }: ImageSettings): boolean =>
  realtime === "standin" || (mode === "assembled" && images.realtime === undefined);

/** @throws UserError or the reason of the abort; whatever was made is removed by then */
export const dockerPlatform: DockerPlatform = {
  name: "docker",
  settings: {
    ...serverSettings,
    routerHealthCheckMs,
    containerHealthCheckMs,
    defaultGraceS: DEFAULT_GRACE_S,
  },
  bounceSeconds: (kind, replicas) => BOUNCE_S[kind](replicas),
  prepare: async ({ topologies, realtime, onStep, signal }) => {
    // A misspelt setting is refused before anything is fetched.
    readImageSettings(process.env);
    const { docker, host } = await connectDocker();
    await refuseOtherClock((await docker.info()) as EngineInfo, host);
    await resolvePulumi({ onStep, signal });
    await prepareImages({
      topologies,
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

/** Containers share the kernel of their engine, and with it CLOCK_MONOTONIC: an engine in a virtual machine has another one. */
const sharesClock = ({ KernelVersion }: EngineInfo): boolean =>
  process.platform === "linux" && KernelVersion === release();

const otherClock = ({ OperatingSystem = "a virtual machine" }: EngineInfo, host: string): string =>
  `the Docker engine at ${host} runs in ${OperatingSystem}, with a clock that is not this host's`;

const refuseOtherClock = (info: EngineInfo, host: string): Promise<void> =>
  sharesClock(info)
    ? Promise.resolve()
    : Promise.reject(
        new UserError(
          `${otherClock(info, host)}: times of servers and load could not be compared`,
          "use --platform local; the stacks themselves come up with the ordinary CLI: pulumi up -s phase1",
        ),
      );

/** Does an engine of this host answer, and is Pulumi found? Fetches and builds nothing. `reason`: one line for people. */
export const dockerAvailability = async (
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ usable: boolean; reason: string }> => {
  try {
    const { docker, host } = await connectDocker(env);
    const info = (await docker.info()) as EngineInfo & { ServerVersion?: string };
    if (!sharesClock(info)) return { usable: false, reason: otherClock(info, host) };
    const [cli, plugin] = await Promise.all([locateCli(env), locatePlugin(env)]);
    const missing = [...(cli.found ? [] : ["Pulumi"]), ...(plugin.found ? [] : ["Pulumi's Docker plugin"])];
    if (missing.length > 0) {
      return {
        usable: false,
        reason: `${missing.join(" and ")} is not here yet; --platform docker gets it, sse-lab doctor says how`,
      };
    }
    return {
      usable: true,
      reason: `Docker ${info.ServerVersion ?? ""} answers at ${host}, Pulumi ${cli.found?.version ?? ""} is here`,
    };
  } catch (error) {
    if (error instanceof UserError) return { usable: false, reason: error.problem };
    return { usable: false, reason: error instanceof Error ? error.message : String(error) };
  }
};
