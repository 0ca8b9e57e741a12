/**
 * Loads an image of this host's files into the engine, tests it, then names it. An existing image
 * is reused.
 */
import type Dockerode from "dockerode";
import { UserError } from "../../../common/user-error.ts";
import { withEngineError } from "../../images/engine-error.ts";
import { findImage } from "../../images/find-image.ts";
import { imageArchive, sealImage, type ImageLayout } from "./image-archive.ts";
import { imageSetting } from "../../images/image-settings.ts";
import { IMAGE_LABELS } from "../../images/prepared-image.ts";
import { smokeTestImage, type SmokeTest } from "../../images/build/smoke-test-image.ts";

export interface AssembledLayout extends Omit<ImageLayout, "config"> {
  /** `node`, `server`, `traefik`, ... */
  part: string;
  /** Of the software in it. */
  version: string;
  config: Omit<ImageLayout["config"], "Labels">;
  smokeTest: SmokeTest;
}

export interface AssembleOptions {
  onStep?: ((step: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

interface LoadMessage {
  stream?: string;
  error?: string;
}

/** Resolves to the image's id. */
const load = async (
  docker: Dockerode,
  archive: NodeJS.ReadableStream,
  signal?: AbortSignal,
): Promise<string> => {
  const answer = await docker.loadImage(archive, {
    quiet: true,
    ...(signal ? { abortSignal: signal } : {}),
  });
  const messages = await new Promise<LoadMessage[]>((resolve, reject) => {
    docker.modem.followProgress(answer, (error: Error | null, all: LoadMessage[]) =>
      error ? reject(error) : resolve(all),
    );
  });
  const failed = messages.find((message) => message.error !== undefined)?.error;
  if (failed !== undefined) throw new Error(failed);
  const id = /sha256:[0-9a-f]{64}/.exec(
    messages.map((message) => message.stream ?? "").join(""),
  )?.[0];
  if (id === undefined) throw new Error("the engine did not say which image it loaded");
  return id;
};

const refuseOtherSystems = (part: string): void => {
  if (process.platform === "linux") return;
  throw new UserError(
    `the ${part} image cannot be assembled on ${process.platform}: the engine needs ` +
      "programs for Linux",
    `make the registry reachable, or set ${imageSetting(part)} to an image that the engine has`,
  );
};

/**
 * The image of this layout, e.g. `sse-lab/traefik:3.7.15-0123456789ab`.
 *
 * @throws UserError if it cannot be loaded or does not run; the engine then holds no new image
 */
export const assembleImage = async (
  docker: Dockerode,
  layout: AssembledLayout,
  { onStep, signal }: AssembleOptions,
): Promise<{ id: string; name: string }> => {
  const { part, version, smokeTest } = layout;
  refuseOtherSystems(part);
  const labels = {
    [IMAGE_LABELS.part]: part,
    [IMAGE_LABELS.source]: "assembled",
    [IMAGE_LABELS.version]: version,
  };
  const sealed = await sealImage({
    layers: layout.layers,
    config: { ...layout.config, Labels: labels },
  });
  const repository = `sse-lab/${part}`;
  const tag = `${version}-${sealed.inputs.slice(0, 12)}`;
  const name = `${repository}:${tag}`;
  const there = await findImage(docker, name);
  if (there?.labels[IMAGE_LABELS.inputs] === sealed.inputs) return { id: there.id, name };
  return await withEngineError(`assembling the image ${name}`, signal, async () => {
    signal?.throwIfAborted();
    onStep?.(`assembling the image ${name}`);
    const id = await load(docker, imageArchive(sealed), signal);
    try {
      await smokeTestImage(docker, { id, name }, smokeTest, signal);
      await docker.getImage(id).tag({ repo: repository, tag });
    } catch (error) {
      await docker
        .getImage(id)
        .remove()
        .catch(() => undefined);
      throw error;
    }
    return { id, name };
  });
};
