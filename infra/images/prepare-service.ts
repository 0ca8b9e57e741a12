/** The image of a service of the user: one that it names, or one that its Dockerfile builds. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../common/user-error.ts";
import { runBuild } from "./build/build-image.ts";
import { findImage } from "./find-image.ts";
import type { ImageSources } from "./image-source.ts";
import { pullImage } from "./official/pull-image.ts";
import type { PreparedImage, ServiceImage } from "./prepared-image.ts";

type Build = Extract<ServiceImage, { build: object }>["build"];

/** Twelve digits of `sha256:...`. */
const shortId = (id: string): string => id.slice(7, 19);

/** Built once, so that all runs of a comparison have one image, though its files may change. */
const built = new Map<string, PreparedImage>();

/** @throws UserError with the engine's or the builder's last words */
export const prepareService = async (
  sources: ImageSources,
  service: ServiceImage,
): Promise<PreparedImage> => {
  if ("image" in service) return named(sources, service.image);
  const key = JSON.stringify(service.build);
  const before = built.get(key);
  if (before && (await findImage(sources.docker, before.id))) return before;
  const image = await build(sources, service.build);
  built.set(key, image);
  return image;
};

const named = async (
  { docker, onStep, signal }: ImageSources,
  reference: string,
): Promise<PreparedImage> => {
  const found = async (): Promise<PreparedImage | undefined> => {
    const id = (await findImage(docker, reference))?.id;
    const how = `${reference}, as its file says`;
    return id === undefined ? undefined : { id, version: shortId(id), source: "setting", how };
  };
  const there = await found();
  if (there) return there;
  const refused = await pullImage(docker, reference, reference, { onStep, signal }).then(
    () => undefined,
    (error: unknown) => {
      signal?.throwIfAborted();
      return (error as Error).message;
    },
  );
  const pulled = await found();
  if (pulled) return pulled;
  throw new UserError(
    `run.image ${reference}: the engine does not have it, and it cannot be pulled: ` +
      (refused ?? "the engine does not have it after the pull"),
    "build or load that image, or correct its name",
  );
};

const build = async (
  { env, onStep, signal }: ImageSources,
  { context, dockerfile = "Dockerfile", target, args = {} }: Build,
): Promise<PreparedImage> => {
  const folder = await mkdtemp(join(tmpdir(), "sse-lab-build-"));
  try {
    const idFile = join(folder, "id");
    const file = join(context, dockerfile);
    onStep?.(`building ${file}`);
    const command = [
      "--force-rm",
      ...["--file", file, "--iidfile", idFile],
      ...(target === undefined ? [] : ["--target", target]),
      ...Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
      context,
    ];
    await runBuild(file, command, { env, onStep, signal }).catch((error: unknown) => {
      if (error instanceof UserError || signal?.aborted) throw error;
      throw new UserError(`run.build: ${file} does not build: ${(error as Error).message}`);
    });
    const id = (await readFile(idFile, "utf8")).trim();
    return { id, version: shortId(id), source: "built", how: `built by ${file}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
