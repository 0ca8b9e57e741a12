/** The environment variables that decide where images come from. */
import type { ImagePart } from "../../../../infra/images/pinned-images.ts";
import { DockerError } from "../docker-error.ts";

export const IMAGES_SETTING = "SSE_LAB_IMAGES";
const MODES = ["auto", "official", "assembled"] as const;
export type ImagesMode = (typeof MODES)[number];

/** `node`: the base that the server image is built on. */
export type SettablePart = ImagePart | "node";
const PARTS: readonly SettablePart[] = ["server", "node", "traefik", "haproxy", "valkey"];

export interface ImageSettings {
  mode: ImagesMode;
  /** Images of the user's own. */
  images: Readonly<Partial<Record<SettablePart, string>>>;
}

/** Name of the variable that names an image, e.g. `SSE_LAB_TRAEFIK_IMAGE`. */
export const imageSetting = (part: SettablePart): string => `SSE_LAB_${part.toUpperCase()}_IMAGE`;

/** Reads the settings; an empty one counts as not set. @throws DockerError that names the setting, its value and what it takes */
export const readImageSettings = (env: NodeJS.ProcessEnv): ImageSettings => {
  const given = env[IMAGES_SETTING] || "auto";
  const mode = MODES.find((one) => one === given);
  if (mode === undefined) {
    throw new DockerError(
      `${IMAGES_SETTING}=${given} is not known`,
      `set it to ${MODES.join(", ")}, or unset it`,
    );
  }
  const images: Partial<Record<SettablePart, string>> = {};
  for (const part of PARTS) {
    const image = env[imageSetting(part)];
    if (image) images[part] = image;
  }
  return { mode, images };
};
