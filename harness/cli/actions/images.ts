/** `sse-lab images`: makes sure that the container images are there, and says what each is and where it came from. */
import type { Command } from "commander";
import { TOPOLOGIES, type Topology } from "../../../infra/topologies.ts";
import type { PreparedImage } from "../../../infra/images/prepared-image.ts";
import { prepareImages } from "../../../infra/images/prepare-images.ts";
import { UserError } from "../../../common/user-error.ts";
import { interruptible } from "../interrupt.ts";

export function addImages(program: Command): void {
  program
    .command("images")
    .summary("prepare the container images and say where each comes from")
    .description(
      "Finds, pulls, builds or assembles the images that the docker platform runs; nothing is done twice. " +
        "SSE_LAB_IMAGES=auto|official|assembled chooses the way, SSE_LAB_<PART>_IMAGE names an image of your own " +
        "(SERVER, NODE, TRAEFIK, HAPROXY, VALKEY).",
    )
    .option("--topology <name>", "only what this topology needs; may be repeated (default: all)", collect, [])
    .option("--json", "print one JSON object on stdout: image id, version, source and how for each part")
    .action(images);
}

const collect = (name: string, names: readonly string[]): string[] => [...names, name];

async function images(options: { topology: readonly string[]; json?: true }): Promise<void> {
  const topologies = options.topology.length === 0 ? TOPOLOGIES : options.topology.map(findTopology);
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
}

function findTopology(name: string): Topology {
  const found = TOPOLOGIES.find((topology) => topology.name === name);
  if (found) return found;
  throw new UserError(
    `--topology ${name}: unknown topology; known are ${TOPOLOGIES.map((one) => one.name).join(", ")}`,
  );
}

const describe = (part: string, { id, version, source, how }: PreparedImage): string =>
  `${part.padEnd(8)} ${(part === "server" ? `Node.js ${version}` : version).padEnd(16)} ${source}\n         ${how}\n         ${id}\n`;
