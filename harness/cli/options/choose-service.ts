/** `--service FILE`: a service of the user in the place of the lab's own server. */
import { UserError } from "../../../common/user-error.ts";
import { TOPOLOGIES, type Topology } from "../../../infra/topologies.ts";
import { DEFAULT_SCENARIO } from "../../scenario/default-scenario.ts";
import type { PlatformName } from "../../platform/platform.ts";
import type { Service } from "../../service/read-service-file.ts";
import type { StartingPlatform } from "./platforms.ts";

export interface ServiceFlags {
  service?: string;
  target?: string;
  scenario?: string;
  topologies?: unknown;
}

export interface ChosenService {
  service: Service | undefined;
  /** Where it runs: `auto` is decided by what the file says. */
  platform: StartingPlatform | "auto";
  /** The default topologies that it can run in. Undefined if the user chose others. */
  topologies?: string[];
}

/**
 * Without a choice of the user, topologies that the file does not cover are left out, one line
 * each. A topology that the user names is refused instead.
 *
 * @throws UserError for a file that is wrong, or a platform that cannot run it
 */
export async function serviceOf(
  { service: path, target, scenario, topologies }: ServiceFlags,
  asked: StartingPlatform | "auto",
): Promise<ChosenService> {
  if (path === undefined) return { service: undefined, platform: asked };
  const [{ readServiceFile }, { checkCommand, checkImage, checkTopology }] = await Promise.all([
    import("../../service/read-service-file.ts"),
    import("../../run/service/service-program.ts"),
  ]);
  const service = await readServiceFile(path, process.env);
  if (target !== undefined) return { service, platform: asked };
  const platform = asked === "auto" ? platformFor(service) : asked;
  (platform === "docker" ? checkImage : checkCommand)(service);
  const isChosen = topologies !== undefined || scenario !== undefined;
  const wanted = Array.isArray(topologies) ? topologies : DEFAULT_SCENARIO.topologies;
  const fitting: string[] = [];
  for (const topology of TOPOLOGIES) {
    if (!wanted.includes(topology.name)) continue;
    try {
      checkTopology(service, topology, platform);
      fitting.push(topology.name);
    } catch (error) {
      if (isChosen || !(error instanceof UserError)) throw error;
      process.stderr.write(`without ${topology.name}: ${error.message}\n`);
    }
  }
  return isChosen ? { service, platform } : { service, platform, topologies: fitting };
}

/** Host processes start faster, and need no image. */
const platformFor = ({ file: { run } }: Service): StartingPlatform =>
  run?.command === undefined && (run?.image ?? run?.build) !== undefined ? "docker" : "local";

/** @throws UserError for a topology, as of a scenario file, that the service cannot run in */
export async function checkTopologies(
  service: Service,
  topologies: readonly Topology[],
  platform: PlatformName,
): Promise<void> {
  const { checkTopology } = await import("../../run/service/service-program.ts");
  for (const topology of topologies) checkTopology(service, topology, platform);
}
