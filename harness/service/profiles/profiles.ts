import { fromRoot } from "../../../common/paths.ts";

/** Service files that others are made from, by name. */
export const PROFILES = ["numbered", "openai", "vercel-ai", "mercure", "lab"] as const;
export type ProfileName = (typeof PROFILES)[number];

export const profilePath = (name: ProfileName): string =>
  fromRoot(`harness/service/profiles/${name}.service.yaml`);
