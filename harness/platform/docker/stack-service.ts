import type Dockerode from "dockerode";
import type { PreparedImage } from "../../../infra/images/prepared-image.ts";
import { BROKER_URL, LEDGER_FOLDER } from "../../../infra/stack/inside-containers.ts";
import type { StackService } from "../../../infra/stack/stack-args.ts";
import { UserError } from "../../../common/user-error.ts";
import type { ServiceProgram, UpOptions } from "../platform.ts";

const ROOT = /^(0|root)?(:.*)?$/;

/**
 * A program of the user as the instances of a stack.
 *
 * @throws UserError for one that runs as host processes only
 */
export const stackService = async (
  docker: Dockerode,
  program: ServiceProgram,
  image: PreparedImage,
  { topology, replicas }: Pick<UpOptions, "topology" | "replicas">,
): Promise<StackService> => {
  const { name, container, readyPath, readyWithinMs, stopSignal, graceMs } = program;
  if (container === undefined)
    throw new UserError(`${name} names no image`, "give run.image or run.build, and run.port");
  const { port } = container;
  const { User: imageUser } = (await docker.getImage(image.id).inspect()).Config;
  const user = container.user ?? (ROOT.test(imageUser) ? undefined : imageUser);
  const redisUrl = topology.broadcaster.startsWith("redis") ? BROKER_URL : undefined;
  return {
    name,
    port,
    readyPath,
    stopSignal,
    ...(readyWithinMs === undefined ? {} : { readyWithinS: readyWithinMs / 1000 }),
    ...(graceMs === undefined ? {} : { graceS: Math.ceil(graceMs / 1000) }),
    ...(user === undefined ? {} : { user }),
    environments: Array.from({ length: replicas }, (_, index) => {
      const instance = `server-${index + 1}`;
      return program.start({ port, instance, ledgerDir: LEDGER_FOLDER, redisUrl }).environment;
    }),
  };
};
