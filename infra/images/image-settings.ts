/** The environment variables that decide where images come from. */
import type { ImageComponent } from "./pinned-images.ts";
import { UserError } from "../../common/user-error.ts";

export const IMAGES_SETTING = "SSE_LAB_IMAGES";
const MODES = ["auto", "official", "assembled"] as const;
export type ImagesMode = (typeof MODES)[number];

/** Which Realtime a stack with one stands up. */
export const REALTIME_SETTING = "SSE_LAB_REALTIME";
const REALTIME_CHOICES = ["auto", "real", "standin"] as const;
export type RealtimeChoice = (typeof REALTIME_CHOICES)[number];

/** `node`: the base that our own images are built on. */
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
  /** `auto`: the real one where its images can be had, else the stand-in. */
  realtime: RealtimeChoice;
  /** Images of the user's own. */
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
  throw new UserError(`${setting}=${given} is not known`, `set it to ${choices.join(", ")}, or unset it`);
};

/** Reads the settings; an empty one counts as not set. @throws UserError that names the setting, its value and what it takes */
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
