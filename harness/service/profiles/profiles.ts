import { fromRoot } from "../../../common/paths.ts";

/** Service files that others are made from, by name. */
export const PROFILES = ["lab"] as const;
export type ProfileName = (typeof PROFILES)[number];

export const profilePath = (name: ProfileName): string =>
  fromRoot(`harness/service/profiles/${name}.service.yaml`);
