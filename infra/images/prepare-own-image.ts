/** Images of the lab's servers: a bundle on Node.js, which is official or this host's. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NODE_IMAGE, pinnedReference, type OwnImageComponent } from "./pinned-images.ts";
import { buildStandIn } from "../../standins/realtime/server/build.ts";
import { buildServer } from "../../server/build.ts";
import { labVersion } from "../../common/lab-version.ts";
import { assembleImage, type AssembledLayout } from "../offline/assembled-images/assemble-image.ts";
import {
  nodeLayout,
  serverLayout,
  standinLayout,
} from "../offline/assembled-images/assembled-layouts.ts";
import type { BuildBase } from "./build/build-image.ts";
import { buildServerImage } from "./build/build-server-image.ts";
import { buildStandinImage } from "./build/build-standin-image.ts";
import { imageSetting } from "./image-settings.ts";
import { namedImage, pinnedImage, whyAssembled, type ImageSources } from "./image-source.ts";
import type { PreparedImage } from "./prepared-image.ts";

/** `reason`: why it is not the official one. */
type Base = { official: BuildBase } | { assembled: AssembledLayout; reason: string };

const findBase = async (sources: ImageSources): Promise<Base> => {
  const { docker, env, settings, onStep, signal } = sources;
  const reference = settings.images.node;
  if (reference !== undefined) {
    const { id, version } = await namedImage(sources, "node", reference);
    return { official: { reference, id, version, what: `${reference} (${imageSetting("node")})` } };
  }
  const name = `${NODE_IMAGE.repository}:${NODE_IMAGE.tag}`;
  let why: string | undefined;
  if (settings.mode !== "assembled") {
    const found = await pinnedImage(sources, NODE_IMAGE);
    if ("id" in found) {
      const { id, version } = found;
      return {
        official: {
          reference: pinnedReference(NODE_IMAGE),
          id,
          version,
          what: `${name}, pinned by digest`,
        },
      };
    }
    why = found.why;
  }
  const reason = whyAssembled(sources, name, why);
  const assembled = await nodeLayout(env);
  // A separate image, so that it stays when those on top of it are removed.
  await assembleImage(docker, assembled, { onStep, signal });
  return { assembled, reason };
};

interface OwnImage {
  bundle: (outFile: string) => Promise<void>;
  /** Builds the image on this base. */
  build: (sources: ImageSources, base: BuildBase) => Promise<PreparedImage>;
  layout: (node: AssembledLayout, bundle: Buffer) => Promise<AssembledLayout>;
  what: string;
}

const buildOptions = ({ docker, env, onStep, signal }: ImageSources, base: BuildBase) => ({
  docker,
  env,
  base,
  onStep,
  signal,
});

const OWN_IMAGES: Readonly<Record<OwnImageComponent, OwnImage>> = {
  server: {
    bundle: buildServer,
    build: (sources, base) => buildServerImage(buildOptions(sources, base)),
    layout: serverLayout,
    what: "the server's bundle",
  },
  "realtime-standin": {
    bundle: buildStandIn,
    build: async (sources, base) =>
      buildStandinImage(
        await bundled(buildStandIn),
        await labVersion(),
        buildOptions(sources, base),
      ),
    layout: async (node, bundle) => standinLayout(node, bundle, await labVersion()),
    what: "the stand-in's bundle",
  },
};

/** As one file. */
const bundled = async (bundle: OwnImage["bundle"]): Promise<Buffer> => {
  const folder = await mkdtemp(join(tmpdir(), "sse-lab-bundle-"));
  try {
    const file = join(folder, "bundle.mjs");
    await bundle(file);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Makes the lab's images, and finds their base only once. */
export const ownImages = (
  sources: ImageSources,
): ((part: OwnImageComponent) => Promise<PreparedImage>) => {
  let base: Promise<Base> | undefined;
  return async (part) => {
    const { docker, settings, onStep, signal } = sources;
    const named = settings.images[part];
    if (named !== undefined) return namedImage(sources, part, named);
    const { bundle, build, layout, what } = OWN_IMAGES[part];
    const found = await (base ??= findBase(sources));
    if ("official" in found) return build(sources, found.official);
    const assembled = await layout(found.assembled, await bundled(bundle));
    const { id, name } = await assembleImage(docker, assembled, { onStep, signal });
    const how = `${name}, assembled from ${process.execPath} of this host and ${what}, ${found.reason}`;
    return { id, version: assembled.version, source: "assembled", how };
  };
};
