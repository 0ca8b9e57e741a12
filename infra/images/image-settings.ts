/** The environment variables that decide where images come from. */
import type { ImageComponent } from "./pinned-images.ts";
import { UserError } from "../../common/user-error.ts";

export const IMAGES_SETTING = "SSE_LAB_IMAGES";
const MODES = ["auto", "official", "assembled"] as const;
export type ImagesMode = (typeof MODES)[number];

/** Which Realtime a stack runs. */
export const REALTIME_SETTING = "SSE_LAB_REALTIME";
const REALTIME_CHOICES = ["auto", "real", "standin"] as const;
export type RealtimeChoice = (typeof REALTIME_CHOICES)[number];

/** `node`: the base of the images that the lab builds. */
export type SettableComponent = ImageComponent | "node";
const PARTS: readonly SettableComponent[] = [
  "server",
  "node",
  "traefik",
  "haproxy",
  "valkey",
  "realtime",
  "postgres",
  "realtime-standin",
];

export interface ImageSettings {
  mode: ImagesMode;
  /** `auto`: the real one if its images are available, else the stand-in. */
  realtime: RealtimeChoice;
  /** Images that the user names. */
  images: Readonly<Partial<Record<SettableComponent, string>>>;
}

/** Name of the variable that names an image, e.g. `SSE_LAB_REALTIME_STANDIN_IMAGE`. */
export const imageSetting = (part: string): string =>
  `SSE_LAB_${part.toUpperCase().replaceAll("-", "_")}_IMAGE`;

const choice = <Choice extends string>(
  env: NodeJS.ProcessEnv,
  setting: string,
  choices: readonly [Choice, ...Choice[]],
): Choice => {
  const given = env[setting] || choices[0];
  const known = choices.find((one) => one === given);
  if (known !== undefined) return known;
  throw new UserError(
    `${setting}=${given} is not known`,
    `set it to ${choices.join(", ")}, or unset it`,
  );
};

/**
 * Reads the settings; an empty variable counts as not set.
 *
 * @throws UserError naming the setting, its value and the valid ones
 */
export const readImageSettings = (env: NodeJS.ProcessEnv): ImageSettings => {
  const images: Partial<Record<SettableComponent, string>> = {};
  for (const part of PARTS) {
    const image = env[imageSetting(part)];
    if (image) images[part] = image;
  }
  return {
    mode: choice(env, IMAGES_SETTING, MODES),
    realtime: choice(env, REALTIME_SETTING, REALTIME_CHOICES),
    images,
  };
};
