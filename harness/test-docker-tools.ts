/** Set-up of the Docker suite: the Pulumi programs and the images are made once, with progress, before any test waits for them. */
import { resolvePulumi } from "../infra/toolchain/resolve-pulumi.ts";
import { TOPOLOGIES } from "../infra/topologies.ts";
import { prepareImages } from "./platform/docker/images/prepare-images.ts";

export async function setup(): Promise<void> {
  const onStep = (step: string): void => void process.stderr.write(`${step}\n`);
  const pulumi = await resolvePulumi({ onStep });
  onStep(
    `pulumi ${pulumi.version} (${pulumi.source}), docker provider ${pulumi.plugin.version} (${pulumi.plugin.source})`,
  );
  const { server, traefik, haproxy, valkey } = await prepareImages({ topologies: TOPOLOGIES, onStep });
  for (const image of [server, traefik, haproxy, valkey]) if (image) onStep(image.how);
}
