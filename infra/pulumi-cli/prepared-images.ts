/** The images of a topology, as the lab's own command prepares them: this program may not import it, and needs the same ones. */
import { execa } from "execa";
import { z } from "zod";
import type { StackImages } from "../stack/stack-args.ts";
import type { Topology } from "../topologies.ts";
import { fromRoot } from "../../common/paths.ts";

/** What decides which images a stack needs, beside its topology. */
export interface ImagesWanted {
  /** False: Realtime is hosted. */
  ownRealtime: boolean;
  broker: boolean;
}

const COMMAND = fromRoot("harness/cli/sse-lab.mjs");

const image = z.object({ id: z.string() });
const outputSchema = z.object({
  server: image,
  traefik: image.optional(),
  haproxy: image.optional(),
  valkey: image.optional(),
  realtime: image.optional(),
  postgres: image.optional(),
  "realtime-standin": image.optional(),
});

type Images = z.infer<typeof outputSchema>;
type Part = Exclude<keyof Images, "server">;

/** The output of `sse-lab images --json` as a stack needs it. @throws Error when it has no image of what the topology has */
export const imagesFromJson = (
  stdout: string,
  topology: Topology,
  { ownRealtime, broker }: ImagesWanted,
): StackImages => {
  const images = outputSchema.parse(JSON.parse(stdout));
  const standin = images["realtime-standin"];
  const idOf = (part: Part): string => {
    const found = images[part];
    if (!found) throw new Error(`sse-lab images named no ${part} image for ${topology.name}`);
    return found.id;
  };
  return {
    server: images.server.id,
    router: idOf(topology.router),
    ...(broker ? { broker: idOf("valkey") } : {}),
    // The command takes one of them, and says which.
    ...(ownRealtime && standin ? { realtimeStandin: standin.id } : {}),
    ...(ownRealtime && !standin ? { realtime: idOf("realtime"), postgres: idOf("postgres") } : {}),
  };
};

/** Minutes the first time, about a second later. @throws Error with what the command said when it fails */
export const preparedImages = async (topology: Topology, wanted: ImagesWanted): Promise<StackImages> => {
  const args = [COMMAND, "images", "--topology", topology.name, "--json"];
  const { stdout, stderr, failed } = await execa(process.execPath, args, { reject: false });
  if (failed) {
    throw new Error(
      `the images of ${topology.name} could not be prepared (sse-lab images): ${stderr.trim()}`,
    );
  }
  return imagesFromJson(stdout, topology, wanted);
};
