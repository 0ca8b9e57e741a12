/** The container images that topologies need: found, pulled, built or assembled before anything is measured. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Dockerode from "dockerode";
import { NODE_IMAGE, PINNED_IMAGES, pinnedReference } from "../../../../infra/images/pinned-images.ts";
import { buildServer } from "../../../../server/build.ts";
import type { PrepareOptions } from "../../platform.ts";
import { resolveTool } from "../../local/tools/resolve-tool.ts";
import { connectDocker } from "../docker-client.ts";
import { DockerError } from "../docker-error.ts";
import { assembleImage, type AssembledLayout } from "./assemble-image.ts";
import {
  haproxyLayout,
  nodeLayout,
  serverLayout,
  traefikLayout,
  valkeyLayout,
  type ProgramOnHost,
} from "./assembled-layouts.ts";
import { buildServerImage } from "./build-server-image.ts";
import { withEngineError } from "./engine-error.ts";
import { leaseImages } from "./image-leases.ts";
import { imageSetting, IMAGES_SETTING, readImageSettings, type ImageSettings } from "./image-settings.ts";
import { officialImages, versionOf, type OfficialImages } from "./official-images.ts";
import type { PreparedImage, PreparedImages } from "./prepared-image.ts";
import { registryMemory } from "./registry-memory.ts";

export interface PrepareImagesOptions extends PrepareOptions {
  /** Default: this process's environment. */
  env?: NodeJS.ProcessEnv;
}

type ProgramPart = "traefik" | "haproxy" | "valkey";

const LAYOUTS: Readonly<Record<ProgramPart, (program: ProgramOnHost) => Promise<AssembledLayout>>> = {
  traefik: traefikLayout,
  haproxy: haproxyLayout,
  valkey: valkeyLayout,
};

interface Preparation extends Pick<PrepareOptions, "onStep" | "signal"> {
  docker: Dockerode;
  env: NodeJS.ProcessEnv;
  settings: ImageSettings;
  official: OfficialImages;
  /** Reasons that the user has been told. */
  told: Set<string>;
}

/**
 * Makes sure that the engine has every image that the topologies need. Where nothing has changed since the last call, nothing is built.
 *
 * @throws DockerError for a bad setting, an engine that is away, an image that can neither be had nor made
 * @throws ToolError when a program for an assembled image is missing, with how to get it
 */
export const prepareImages = async (options: PrepareImagesOptions): Promise<PreparedImages> => {
  const { topologies, onStep, signal, env = process.env } = options;
  const settings = readImageSettings(env);
  const { docker, host } = await connectDocker(env);
  // Before it is looked for: what is found now is not removed by another command before it is used.
  await leaseImages(env);
  const steps = { onStep, signal };
  const official = officialImages(docker, registryMemory(host), settings.mode === "official", steps);
  const preparation: Preparation = {
    docker,
    env,
    settings,
    official,
    told: new Set(),
    ...(onStep ? { onStep } : {}),
    ...(signal ? { signal } : {}),
  };
  const wanted: Readonly<Record<ProgramPart, boolean>> = {
    traefik: topologies.some(({ router }) => router === "traefik"),
    haproxy: topologies.some(({ router }) => router === "haproxy"),
    valkey: topologies.some(({ broadcaster }) => broadcaster === "redis"),
  };
  const images: PreparedImages = { server: await prepareServer(preparation) };
  for (const part of ["traefik", "haproxy", "valkey"] as const) {
    if (wanted[part]) images[part] = await prepareProgram(preparation, part);
  }
  return images;
};

/** Why the image is assembled, for its own sentence; tells the user, once for each reason. */
const whyAssembled = (preparation: Preparation, name: string, why: string | undefined): string => {
  const { settings, onStep, told } = preparation;
  if (why === undefined) return `as ${IMAGES_SETTING}=assembled says`;
  if (settings.mode === "official") {
    const fix = `make the registry reachable, or set ${IMAGES_SETTING}=auto to let the lab assemble what it cannot pull`;
    throw new DockerError(`${name} could not be pulled: ${why}`, fix);
  }
  if (!told.has(why))
    onStep?.(`images are assembled from programs of this host, ${name} could not be pulled: ${why}`);
  told.add(why);
  return `since ${name} could not be pulled (${why})`;
};

const prepareProgram = async (preparation: Preparation, part: ProgramPart): Promise<PreparedImage> => {
  const { docker, env, settings, official, onStep, signal } = preparation;
  const named = settings.images[part];
  if (named !== undefined) return await namedImage(preparation, part, named);
  const pinned = PINNED_IMAGES[part];
  let why: string | undefined;
  if (settings.mode !== "assembled") {
    const found = await withEngineError(`looking for the ${part} image`, signal, () => official.find(pinned));
    if (found.image) {
      return { id: found.image.id, version: pinned.version, source: "official", how: found.how };
    }
    why = found.why;
  }
  const reason = whyAssembled(preparation, `${pinned.repository}:${pinned.tag}`, why);
  const tool = await resolveTool(part, { env, onStep, signal });
  const layout = await LAYOUTS[part]({ file: tool.path, version: tool.version, env: tool.env });
  const { id, name } = await assembleImage(docker, layout, { onStep, signal });
  const how = `${name}, assembled from ${tool.path} of this host, ${reason}`;
  return { id, version: tool.version, source: "assembled", how };
};

const namedImage = async (
  { official, signal }: Preparation,
  part: ProgramPart | "server",
  reference: string,
): Promise<PreparedImage> => {
  const image = await withEngineError(`looking for ${reference}`, signal, () =>
    official.named(part, reference),
  );
  const how = `${reference}, as ${imageSetting(part)} says`;
  return { id: image.id, version: versionOf(image), source: "setting", how };
};

const prepareServer = async (preparation: Preparation): Promise<PreparedImage> => {
  const { docker, env, settings, official, onStep, signal } = preparation;
  if (settings.images.server !== undefined) {
    return await namedImage(preparation, "server", settings.images.server);
  }
  const reference = settings.images.node;
  const build = (
    base: { reference: string; id: string },
    version: string,
    what: string,
  ): Promise<PreparedImage> => buildServerImage({ docker, env, base, version, what, onStep, signal });
  if (reference !== undefined) {
    const { id, ...image } = await withEngineError(`looking for ${reference}`, signal, () =>
      official.named("node", reference),
    );
    return await build(
      { reference, id },
      versionOf({ id, ...image }),
      `${reference} (${imageSetting("node")})`,
    );
  }
  const pinnedName = `${NODE_IMAGE.repository}:${NODE_IMAGE.tag}`;
  let why: string | undefined;
  if (settings.mode !== "assembled") {
    const found = await withEngineError("looking for the base of the server image", signal, () =>
      official.find(NODE_IMAGE),
    );
    if (found.image)
      return await build(
        { reference: pinnedReference(NODE_IMAGE), id: found.image.id },
        NODE_IMAGE.version,
        `${pinnedName}, pinned by digest`,
      );
    why = found.why;
  }
  const reason = whyAssembled(preparation, pinnedName, why);
  const node = await nodeLayout(env);
  await assembleImage(docker, node, { onStep, signal });
  const { id, name } = await assembleImage(docker, await serverLayout(node, await bundle()), {
    onStep,
    signal,
  });
  const how = `${name}, assembled from ${process.execPath} of this host and the server's bundle, ${reason}`;
  return { id, version: node.version, source: "assembled", how };
};

/** The server as one file. */
const bundle = async (): Promise<Buffer> => {
  const folder = await mkdtemp(join(tmpdir(), "sse-lab-bundle-"));
  try {
    const file = join(folder, "server.mjs");
    await buildServer(file);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
