/** Finds what `sse-lab up` left running, on every platform. */
import { UserError } from "../../../common/user-error.ts";
import { TOPOLOGIES, type Topology } from "../../../infra/topologies.ts";
import type { FoundDeployment } from "../../platform/platform.ts";
import { loadPlatforms } from "../options/platforms.ts";

/**
 * By platform, oldest first. A platform that fails is reported, and the others still count.
 */
export async function findAllRunning(): Promise<FoundDeployment[]> {
  const found: FoundDeployment[] = [];
  for (const platform of await loadPlatforms()) {
    try {
      const running = await platform.findRunning();
      found.push(...running.map((deployment) => ({ deployment, platform })));
    } catch (error) {
      process.stderr.write(
        `cannot list what is up on ${platform.name}: ${(error as Error).message}\n`,
      );
    }
  }
  return found;
}

/**
 * @param what begins the message, e.g. `bounce`
 * @throws UserError
 */
export function knownTopology(what: string, name: string): Topology {
  const topology = TOPOLOGIES.find((one) => one.name === name);
  if (topology !== undefined) return topology;
  const known = TOPOLOGIES.map((one) => one.name).join(", ");
  throw new UserError(`${what}: unknown topology ${JSON.stringify(name)}: choose from ${known}`);
}

/**
 * @param what begins the message, e.g. `bounce phase1`
 * @param asked a platform, or `auto` for any
 * @throws UserError when the topology is not up, or up more than once
 */
export async function findTheOne(
  what: string,
  topology: string,
  asked: string,
): Promise<FoundDeployment> {
  const all = await findAllRunning();
  const found = all.filter(
    ({ deployment, platform }) =>
      deployment.topology === topology && (asked === "auto" || platform.name === asked),
  );
  const [one, another] = found;
  if (!one) {
    const there =
      all
        .map(({ deployment, platform }) => `${deployment.topology} on ${platform.name}`)
        .join(", ") || "nothing";
    throw new UserError(
      `${what}: it is not up${asked === "auto" ? "" : ` on ${asked}`} (up: ${there}); ` +
        `start it with sse-lab up ${topology}`,
    );
  }
  if (another) {
    const platforms = new Set(found.map(({ platform }) => platform.name));
    if (platforms.size === found.length) {
      const where = [...platforms].join(" and ");
      throw new UserError(`${what}: it is up on ${where}; choose one with --platform`);
    }
    const ids = found
      .map(({ deployment, platform }) => `${deployment.id} on ${platform.name}`)
      .join(", ");
    throw new UserError(
      `${what}: it is up more than once (${ids}); ` +
        `remove all with make down, then run sse-lab up ${topology}`,
    );
  }
  return one;
}
