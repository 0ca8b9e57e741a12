/** `--service FILE`: a service of the user in the place of the lab's own server. */
import { UserError } from "../../../common/user-error.ts";
import { TOPOLOGIES, type Topology } from "../../../infra/topologies.ts";
import { DEFAULT_SCENARIO } from "../../scenario/default-scenario.ts";
import type { Service } from "../../service/read-service-file.ts";

export interface ServiceFlags {
  service?: string;
  target?: string;
  scenario?: string;
  topologies?: unknown;
}

export interface ChosenService {
  service: Service | undefined;
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
  platform: string,
): Promise<ChosenService> {
  if (path === undefined) return { service: undefined };
  if (platform === "docker" && target === undefined)
    throw new UserError(
      "--service: platform docker runs the lab's own server only",
      "use --platform local",
    );
  const [{ readServiceFile }, { checkCommand, checkTopology }] = await Promise.all([
    import("../../service/read-service-file.ts"),
    import("../../run/service/service-program.ts"),
  ]);
  const service = await readServiceFile(path, process.env);
  if (target !== undefined) return { service };
  checkCommand(service);
  const isChosen = topologies !== undefined || scenario !== undefined;
  const asked = Array.isArray(topologies) ? topologies : DEFAULT_SCENARIO.topologies;
  const fitting: string[] = [];
  for (const topology of TOPOLOGIES) {
    if (!asked.includes(topology.name)) continue;
    try {
      checkTopology(service, topology);
      fitting.push(topology.name);
    } catch (error) {
      if (isChosen || !(error instanceof UserError)) throw error;
      process.stderr.write(`without ${topology.name}: ${error.message}\n`);
    }
  }
  return isChosen ? { service } : { service, topologies: fitting };
}

/** @throws UserError for a topology, as of a scenario file, that the service cannot run in */
export async function checkTopologies(
  service: Service,
  topologies: readonly Topology[],
): Promise<void> {
  const { checkTopology } = await import("../../run/service/service-program.ts");
  for (const topology of topologies) checkTopology(service, topology);
}
