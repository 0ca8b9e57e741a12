/** Images by digest or by name, from the engine or else from the registry. */
import type Dockerode from "dockerode";
import { type PinnedImage, pinnedReference } from "../pinned-images.ts";
import { UserError } from "../../../common/user-error.ts";
import type { AssembleOptions } from "../../offline/assembled-images/assemble-image.ts";
import { findImage, type FoundImage } from "../find-image.ts";
import { IMAGES_SETTING, imageSetting, type SettableComponent } from "../image-settings.ts";
import { IMAGE_LABELS } from "../prepared-image.ts";
import { pullImage, RegistryUnreachable } from "./pull-image.ts";
import type { UnreachableCache } from "./registry-unreachable-cache.ts";

/** `why`: the pull's error in one line. */
export type OfficialImage = { image: FoundImage; how: string } | { image: undefined; why: string };

export interface OfficialImages {
  /** By digest. Does not reject if the registry is away or lacks the image. */
  find(pinned: PinnedImage): Promise<OfficialImage>;
  /** An image that the user names. @throws UserError naming the setting if it is not available */
  named(part: SettableComponent, reference: string): Promise<FoundImage>;
}

/** @param insist ask the registry even if it was unreachable a short while ago */
export const officialImages = (
  docker: Dockerode,
  memory: UnreachableCache,
  insist: boolean,
  options: AssembleOptions,
): OfficialImages => {
  /** Within this call; set by the first pull that reaches no registry. */
  let unreachable: string | undefined;

  /** Resolves to why it could not be pulled. */
  const pull = async (reference: string, name: string): Promise<Error | undefined> => {
    try {
      await pullImage(docker, reference, name, options);
      return undefined;
    } catch (error) {
      options.signal?.throwIfAborted();
      return error as Error;
    }
  };

  /** The same, and remembers whether the registry of the pinned images is reachable. */
  const pullPinned = async (reference: string, name: string): Promise<string | undefined> => {
    const error = await pull(reference, name);
    if (error === undefined) await memory.forget();
    if (!(error instanceof RegistryUnreachable)) return error?.message;
    await memory.remember(error.message);
    return (unreachable = error.message);
  };

  const recall = async (): Promise<string | undefined> => {
    const recalled = insist ? undefined : await memory.recall();
    return (
      recalled &&
      `${recalled}; seen a few minutes ago, ${IMAGES_SETTING}=official tries again at once`
    );
  };

  return {
    async find(pinned) {
      const reference = pinnedReference(pinned);
      const name = `${pinned.repository}:${pinned.tag}`;
      const there = await findImage(docker, reference);
      if (there)
        return {
          image: there,
          how: `official ${name}, pinned by digest, which the engine had already`,
        };
      const why = unreachable ?? (await recall()) ?? (await pullPinned(reference, name));
      if (why !== undefined) return { image: undefined, why };
      const image = await findImage(docker, reference);
      if (!image)
        return {
          image: undefined,
          why: `the engine pulled ${reference} and does not have it after that`,
        };
      return { image, how: `official ${name}, pulled by digest` };
    },
    async named(part, reference) {
      const setting = imageSetting(part);
      const fix = `build or load that image, or unset ${setting} (${IMAGES_SETTING} then decides)`;
      const there = await findImage(docker, reference).catch((error: unknown) => {
        throw new UserError(
          `${setting}=${reference} is not usable: ${(error as Error).message}`,
          fix,
        );
      });
      if (there) return there;
      // It may come from a registry other than the pinned images'.
      const error = await pull(reference, reference);
      const image = error === undefined ? await findImage(docker, reference) : undefined;
      if (!image) {
        throw new UserError(
          `${setting}=${reference}: the engine does not have it, and it cannot be pulled: ` +
            (error?.message ?? "the engine does not have it after the pull"),
          fix,
        );
      }
      return image;
    },
  };
};

/** Version of the software in a user's image, if its labels or variables tell. */
export const versionOf = ({ labels, env }: FoundImage): string => {
  const label = labels[IMAGE_LABELS.version] ?? labels["org.opencontainers.image.version"];
  const variable = env.find((one) => /^(NODE|TRAEFIK|HAPROXY|VALKEY|REDIS|PG)_VERSION=/.test(one));
  return (label ?? variable?.split("=")[1] ?? "unknown").replace(/^v/, "");
};
