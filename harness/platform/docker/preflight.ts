/** What is checked before anything of a stack exists. */
import { statfs } from "node:fs/promises";
import type Dockerode from "dockerode";
import { checkoutId } from "../../../common/checkout-identity.ts";
import { CHECKOUT_LABEL, FOLDER_LABEL } from "../../../infra/stack/checkout-label.ts";
import { STACK_LABEL } from "../../../infra/stack/labels.ts";
import { UserError } from "../../../common/user-error.ts";
import { listByLabels } from "./remove-by-label.ts";

/** Layers, logs (at most 30 MB per container), ledgers and state of one stack, with room. */
const NEEDED_BYTES = 512 * 1024 * 1024;
const MIB = 1024 * 1024;

/**
 * A full disk would show as torn ledgers and as a state that cannot be written.
 *
 * @throws UserError that names the folder whose file system is nearly full
 */
export const checkDisk = async (
  folders: Readonly<Record<string, string | undefined>>,
): Promise<void> => {
  for (const [what, folder] of Object.entries(folders)) {
    if (folder === undefined) continue;
    // The engine's folder may belong to another user or lie in a virtual machine.
    const found = await statfs(folder).catch(() => undefined);
    if (!found) continue;
    const free = found.bavail * found.bsize;
    if (free >= NEEDED_BYTES) continue;
    throw new UserError(
      `the disk of ${what} (${folder}) is nearly full: ${Math.floor(free / MIB)} MiB are left, ` +
        `a stack needs ${NEEDED_BYTES / MIB}`,
      "free some space; docker system df shows what the engine holds",
    );
  }
};

/**
 * Checkouts share the engine and its names.
 *
 * @throws UserError if another checkout has containers, networks or volumes of this stack name
 */
export const refuseForeignStack = async (docker: Dockerode, stack: string): Promise<void> => {
  const filters = { label: [`${STACK_LABEL}=${stack}`] };
  const { containers, networks, volumes } = await listByLabels(docker, filters);
  const things = [
    ...containers.map(({ Names, Id, Labels }) => ({ name: Names[0]?.slice(1) ?? Id, Labels })),
    ...networks.map(({ Name, Labels }) => ({ name: Name, Labels })),
    ...volumes.map(({ Name, Labels }) => ({ name: Name, Labels })),
  ];
  const foreign = things.filter(({ Labels }) => Labels?.[CHECKOUT_LABEL] !== checkoutId());
  const [first] = foreign;
  if (!first) return;
  const checkout = first.Labels?.[CHECKOUT_LABEL] ?? "without a label";
  const there = first.Labels?.[FOLDER_LABEL];
  const folder = there === undefined ? "" : `, then at ${there}`;
  const more = foreign.length > 1 ? ` and ${foreign.length - 1} more` : "";
  throw new UserError(
    `another checkout of the lab (${checkout}${folder}) has a stack ${stack} in this engine: ` +
      `${first.name}${more}`,
    "take it down there with sse-lab down; if that checkout is gone, remove what docker ps -a, " +
      `network ls and volume ls --filter label=${CHECKOUT_LABEL}=${checkout} show`,
  );
};
