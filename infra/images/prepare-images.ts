/** Finds, pulls, builds or assembles the images of topologies before anything is measured. */
import { PINNED_IMAGES } from "./pinned-images.ts";
import type { PrepareOptions, PreparedImage, PreparedImages } from "./prepared-image.ts";
import { resolveTool } from "../tools/resolve-tool.ts";
import { connectDocker } from "../engine/docker-client.ts";
import { assembleImage } from "../offline/assembled-images/assemble-image.ts";
import {
  programLayout,
  type ProgramComponent,
} from "../offline/assembled-images/assembled-layouts.ts";
import { registerImageUser } from "./image-usage.ts";
import { readImageSettings } from "./image-settings.ts";
import { officialImages } from "./official/official-images.ts";
import { namedImage, pinnedImage, whyAssembled, type ImageSources } from "./image-source.ts";
import { ownImages } from "./prepare-own-image.ts";
import { hasBroker } from "../realtime/stack-realtime.ts";
import { prepareRealtime } from "./prepare-realtime.ts";
import { prepareService } from "./prepare-service.ts";
import { unreachableCache } from "./official/registry-unreachable-cache.ts";

export interface PrepareImagesOptions extends PrepareOptions {
  /** Default: this process's environment. */
  env?: NodeJS.ProcessEnv;
}

/**
 * Makes sure that the engine has every image that the topologies need. Builds nothing if nothing
 * has changed.
 *
 * @throws UserError for a bad setting, a missing engine, or an image that is not available
 * @throws UserError when a program for an assembled image is missing, with how to get it
 */
export const prepareImages = async (options: PrepareImagesOptions): Promise<PreparedImages> => {
  const { topologies, realtime, service, onStep, signal, env = process.env } = options;
  const settings = readImageSettings(env);
  const { docker, host } = await connectDocker(env);
  // First, so that no other command removes an image between its discovery and its use.
  await registerImageUser(env);
  const steps = { onStep, signal };
  const insists = settings.mode === "official" || settings.realtime === "real";
  const official = officialImages(docker, unreachableCache(host), insists, steps);
  const sources: ImageSources = {
    docker,
    env,
    settings,
    official,
    told: new Set(),
    ...(onStep ? { onStep } : {}),
    ...(signal ? { signal } : {}),
  };
  const makeOwn = ownImages(sources);
  const wanted: Readonly<Record<ProgramComponent, boolean>> = {
    traefik: topologies.some(({ router }) => router === "traefik"),
    haproxy: topologies.some(({ router }) => router === "haproxy"),
    // Default: as if there were an event log, so that nothing waits for the image later.
    valkey: topologies.some(({ broadcaster }) =>
      hasBroker(broadcaster, { catchUp: realtime?.catchUp ?? true }),
    ),
  };
  const images: PreparedImages = {
    server: service ? await prepareService(sources, service) : await makeOwn("server"),
  };
  for (const part of ["traefik", "haproxy", "valkey"] as const) {
    if (wanted[part]) images[part] = await prepareProgram(sources, part);
  }
  const usesRealtime = topologies.some(({ broadcaster }) => broadcaster === "supabase");
  if (usesRealtime && realtime?.hosted === undefined) {
    Object.assign(images, await prepareRealtime(sources, () => makeOwn("realtime-standin")));
  }
  return images;
};

const prepareProgram = async (
  sources: ImageSources,
  part: ProgramComponent,
): Promise<PreparedImage> => {
  const { docker, env, settings, onStep, signal } = sources;
  const named = settings.images[part];
  if (named !== undefined) return await namedImage(sources, part, named);
  const pinned = PINNED_IMAGES[part];
  let why: string | undefined;
  if (settings.mode !== "assembled") {
    const found = await pinnedImage(sources, pinned);
    if ("id" in found) return found;
    why = found.why;
  }
  const reason = whyAssembled(sources, `${pinned.repository}:${pinned.tag}`, why);
  const tool = await resolveTool(part, { env, onStep, signal });
  const layout = await programLayout(part, {
    file: tool.path,
    version: tool.version,
    env: tool.env,
  });
  const { id, name } = await assembleImage(docker, layout, { onStep, signal });
  const how = `${name}, assembled from ${tool.path} of this host, ${reason}`;
  return { id, version: tool.version, source: "assembled", how };
};
