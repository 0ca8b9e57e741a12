/** What the steps of `prepareImages` share: the sources of images, and how the user is told. */
import type Dockerode from "dockerode";
import type { PinnedImage } from "./pinned-images.ts";
import type { PrepareOptions, PreparedImage } from "./prepared-image.ts";
import { UserError } from "../../common/user-error.ts";
import { withEngineError } from "./engine-error.ts";
import {
  imageSetting,
  IMAGES_SETTING,
  type ImageSettings,
  type SettableComponent,
} from "./image-settings.ts";
import { versionOf, type OfficialImages } from "./official/official-images.ts";

export interface ImageSources extends Pick<PrepareOptions, "onStep" | "signal"> {
  docker: Dockerode;
  env: NodeJS.ProcessEnv;
  settings: ImageSettings;
  official: OfficialImages;
  /** Reasons that the user has been told. */
  told: Set<string>;
}

/** Tells the user once per reason. */
export const tellOnce = ({ onStep, told }: ImageSources, reason: string, step: string): void => {
  if (!told.has(reason)) onStep?.(step);
  told.add(reason);
};

/** Fails if there is no other source. @param otherwise what to set instead */
export const refuse = (name: string, why: string, otherwise: string): never => {
  throw new UserError(
    `${name} could not be pulled: ${why}`,
    `make the registry reachable, or ${otherwise}`,
  );
};

/** Why the image is assembled, as the end of a sentence. */
export const whyAssembled = (
  sources: ImageSources,
  name: string,
  why: string | undefined,
): string => {
  if (why === undefined) return `as ${IMAGES_SETTING}=assembled says`;
  if (sources.settings.mode === "official")
    return refuse(
      name,
      why,
      `set ${IMAGES_SETTING}=auto to let the lab assemble what it cannot pull`,
    );
  tellOnce(
    sources,
    why,
    `images are assembled from programs of this host, ${name} could not be pulled: ${why}`,
  );
  return `since ${name} could not be pulled (${why})`;
};

/** The pinned image, or why it is not available. */
export const pinnedImage = async (
  { official, signal }: ImageSources,
  pinned: PinnedImage,
): Promise<PreparedImage | { why: string }> => {
  const found = await withEngineError(
    `looking for ${pinned.repository}:${pinned.tag}`,
    signal,
    () => official.find(pinned),
  );
  return found.image
    ? { id: found.image.id, version: pinned.version, source: "official", how: found.how }
    : { why: found.why };
};

/** An image that the user names. @throws UserError naming the setting if it is not available */
export const namedImage = async (
  { official, signal }: ImageSources,
  part: SettableComponent,
  reference: string,
): Promise<PreparedImage> => {
  const image = await withEngineError(`looking for ${reference}`, signal, () =>
    official.named(part, reference),
  );
  const how = `${reference}, as ${imageSetting(part)} says`;
  return { id: image.id, version: versionOf(image), source: "setting", how };
};
