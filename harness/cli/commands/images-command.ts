import type { Declare } from "../declare-command.ts";

export const declareImages: Declare = (command, perform) => {
  command
    .description(
      "Finds, pulls, builds or assembles the images that the docker platform runs. " +
        "Images that are here already are kept.",
    )
    .option(
      "--topology <name>",
      "prepare the images of this topology only; may be repeated (default: all topologies)",
      (name: string, names: readonly string[]) => [...names, name],
      [],
    )
    .option("--json", "print JSON: id, version, source and origin of each image")
    .addHelpText("after", HELP)
    .action(perform(async () => (await import("../actions/images.ts")).images));
};

const HELP = `
Environment:
  SSE_LAB_IMAGES=auto|official|assembled   where images come from
  SSE_LAB_<PART>_IMAGE                     use this image instead; <PART> is SERVER, NODE, TRAEFIK,
                                           HAPROXY or VALKEY

Example:
  sse-lab images --topology phase1

Exit code: 0 all images are here, 2 one cannot be prepared.`;
