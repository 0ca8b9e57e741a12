/**
 * `sse-lab images`: prepares the container images, and prints what each is and where it came from.
 */
import { TOPOLOGIES, type Topology } from "../../../infra/topologies.ts";
import type { PreparedImage } from "../../../infra/images/prepared-image.ts";
import { UserError } from "../../../common/user-error.ts";
import { EXIT } from "../exit.ts";
import { interruptible } from "../interrupt.ts";

export async function images(options: {
  topology: readonly string[];
  json?: true;
}): Promise<number> {
  const topologies =
    options.topology.length === 0 ? TOPOLOGIES : options.topology.map(findTopology);
  const { prepareImages } = await import("../../../infra/images/prepare-images.ts");
  const prepared = await interruptible((signal) =>
    prepareImages({ topologies, onStep: (step) => process.stderr.write(`  ${step}\n`), signal }),
  );
  process.stdout.write(
    options.json
      ? `${JSON.stringify(prepared, undefined, 2)}\n`
      : Object.entries(prepared)
          .map(([part, image]) => describe(part, image as PreparedImage))
          .join(""),
  );
  return EXIT.valid;
}

function findTopology(name: string): Topology {
  const found = TOPOLOGIES.find((topology) => topology.name === name);
  if (found) return found;
  throw new UserError(
    `--topology ${name}: unknown topology; choose from ` +
      TOPOLOGIES.map((one) => one.name).join(", "),
  );
}

const describe = (part: string, { id, version, source, how }: PreparedImage): string =>
  `${part.padEnd(8)} ${(part === "server" ? `Node.js ${version}` : version).padEnd(16)} ` +
  `${source}\n         ${how}\n         ${id}\n`;
