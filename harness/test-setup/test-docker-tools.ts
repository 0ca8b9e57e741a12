/**
 * Set-up of the Docker suite: the Pulumi programs and the images are made once, with progress,
 * before any test waits for them.
 */
import { resolvePulumi } from "../../infra/toolchain/resolve-pulumi.ts";
import { TOPOLOGIES } from "../../infra/topologies.ts";
import type { PreparedImage } from "../../infra/images/prepared-image.ts";
import { prepareImages } from "../../infra/images/prepare-images.ts";

export async function setup(): Promise<void> {
  // The same on every host. SSE_LAB_REALTIME=real takes Supabase's own, where its images can be
  // pulled.
  process.env["SSE_LAB_REALTIME"] ||= "standin";
  const onStep = (step: string): void => void process.stderr.write(`${step}\n`);
  const pulumi = await resolvePulumi({ onStep });
  onStep(
    `pulumi ${pulumi.version} (${pulumi.source}), docker provider ${pulumi.plugin.version} ` +
      `(${pulumi.plugin.source})`,
  );
  const images = await prepareImages({ topologies: TOPOLOGIES, onStep });
  for (const image of Object.values(images) as PreparedImage[]) onStep(image.how);
}
