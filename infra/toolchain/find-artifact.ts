/** Looks for an artifact of the toolchain that the user has: by its setting, then on PATH. */
import { resolve } from "node:path";
import { execa } from "execa";
import semver from "semver";
import which from "which";
import type { PulumiArtifact } from "./pins.ts";
import { readPluginIdentity } from "./plugin-identity.ts";
import { reasonOf, UserError } from "../../common/user-error.ts";

export interface FoundArtifact {
  path: string;
  version: string;
}

/**
 * Reads the version of a binary. Rejects with one line when it is another program, or does not run.
 */
export type ReadVersion = (path: string, env: NodeJS.ProcessEnv) => Promise<string>;

export const readCliVersion: ReadVersion = async (path, env) => {
  const result = await execa(path, ["version"], {
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    extendEnv: false,
    reject: false,
    timeout: 20_000,
  });
  const version = result.failed ? undefined : semver.valid(result.stdout.trim());
  if (version) return version;
  if (result.failed)
    throw new Error(`does not run (${result.shortMessage?.split("\n")[0] ?? "no reason given"})`);
  throw new Error("does not say a version of Pulumi");
};

export const readPluginVersion: ReadVersion = async (path, env) => {
  const { name, version } = await readPluginIdentity(path, env);
  if (name !== "docker")
    throw new Error(`is a plugin for ${name || "an unnamed provider"}, not for docker`);
  const valid = semver.valid(version);
  if (valid) return valid;
  throw new Error("does not say its version");
};

const suitable = async (
  artifact: PulumiArtifact,
  path: string,
  env: NodeJS.ProcessEnv,
  read: ReadVersion,
): Promise<FoundArtifact> => {
  const version = await read(path, env);
  if (semver.satisfies(version, artifact.accepted, { includePrerelease: true }))
    return { path, version };
  throw new Error(`is version ${version}, not one of ${artifact.accepted}`);
};

/**
 * @throws UserError when the setting names something that will not do: a setting is never passed
 *   over
 */
export const findBySetting = async (
  artifact: PulumiArtifact,
  env: NodeJS.ProcessEnv,
  read: ReadVersion,
): Promise<FoundArtifact | undefined> => {
  const setting = env[artifact.setting];
  if (setting === undefined || setting === "") return undefined;
  try {
    return await suitable(artifact, resolve(setting), env, read);
  } catch (error) {
    const fix =
      `point ${artifact.setting} to the binary of ${artifact.title}, version ` +
      `${artifact.accepted}, or unset it`;
    throw new UserError(`${artifact.setting}=${setting} ${reasonOf(error)}`, fix);
  }
};

/**
 * The first one on PATH, if it will do: Pulumi takes the first as well. `problem` says why it will
 * not.
 */
export const findOnPath = async (
  artifact: PulumiArtifact,
  env: NodeJS.ProcessEnv,
  read: ReadVersion,
): Promise<{ found?: FoundArtifact; problem?: string }> => {
  // An empty path option would make `which` fall back to this process's own PATH.
  const path = env["PATH"]
    ? await which(artifact.command, { nothrow: true, path: env["PATH"] })
    : null;
  if (path === null) return {};
  try {
    return { found: await suitable(artifact, path, env, read) };
  } catch (error) {
    return { problem: `${path} ${reasonOf(error)}` };
  }
};
