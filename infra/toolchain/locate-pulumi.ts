/** What of the toolchain is there already: looks only, makes and fetches nothing. */
import {
  findBySetting,
  findOnPath,
  readCliVersion,
  readPluginVersion,
  type FoundArtifact,
} from "./find-artifact.ts";
import { builtArtifact } from "../offline/go-build.ts";
import { officialCli } from "./official-install.ts";
import { DOCKER_PLUGIN, PULUMI_CLI } from "./pins.ts";
import { installedPlugin } from "./plugin-home.ts";
import { lookUp } from "../../common/files/download-cache.ts";

/** `official` and `built`: the lab's own copy. `installed`: in Pulumi's own plugin cache. */
export type ArtifactSource = "setting" | "path" | "installed" | "official" | "built";

export interface LocatedArtifact<Source extends ArtifactSource> {
  found?: FoundArtifact & { source: Source };
  /** The one on PATH that was passed over, and why. */
  passedOver?: string;
}

export type CliSource = Exclude<ArtifactSource, "installed">;

/** @throws UserError when SSE_LAB_PULUMI is wrong */
export const locateCli = async (env: NodeJS.ProcessEnv): Promise<LocatedArtifact<CliSource>> => {
  const bySetting = await findBySetting(PULUMI_CLI, env, readCliVersion);
  if (bySetting) return { found: { ...bySetting, source: "setting" } };
  const { found, problem } = await findOnPath(PULUMI_CLI, env, readCliVersion);
  if (found) return { found: { ...found, source: "path" } };
  const passedOver = problem === undefined ? {} : { passedOver: problem };
  const { version } = PULUMI_CLI.built;
  const official = await lookUp(officialCli(env));
  if (official.path !== undefined) {
    return { found: { path: official.path, version, source: "official" }, ...passedOver };
  }
  const built = await lookUp(await builtArtifact(PULUMI_CLI.built, env));
  if (built.path === undefined) return passedOver;
  return { found: { path: built.path, version, source: "built" }, ...passedOver };
};

/** @throws UserError when SSE_LAB_PULUMI_DOCKER_PLUGIN is wrong */
export const locatePlugin = async (
  env: NodeJS.ProcessEnv,
): Promise<LocatedArtifact<ArtifactSource>> => {
  const bySetting = await findBySetting(DOCKER_PLUGIN, env, readPluginVersion);
  if (bySetting) return { found: { ...bySetting, source: "setting" } };
  const { found, problem } = await findOnPath(DOCKER_PLUGIN, env, readPluginVersion);
  if (found) return { found: { ...found, source: "path" } };
  const passedOver = problem === undefined ? {} : { passedOver: problem };
  const { version } = DOCKER_PLUGIN.built;
  const installed = await installedPlugin(env);
  if (installed !== undefined)
    return { found: { path: installed, version, source: "installed" }, ...passedOver };
  const built = await lookUp(await builtArtifact(DOCKER_PLUGIN.built, env));
  if (built.path === undefined) return passedOver;
  return { found: { path: built.path, version, source: "built" }, ...passedOver };
};
